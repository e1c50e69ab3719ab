"""Alerts: listed, looked at, looked after, silenced, called over."""

from __future__ import annotations

from typing import Any, TypeAlias

from litestar import MediaType, Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from hythe.control.access import Asking, Here, Who
from hythe.control.documents import NewSilence, Note
from hythe.control.routing import route
from hythe.operations.alerts.act import acknowledge as look_after
from hythe.operations.alerts.act import resolve as call_over
from hythe.operations.alerts.act import silence as keep_silent
from hythe.operations.alerts.act import unsilence as end_silence
from hythe.operations.alerts.known import AlertLine, AlertView, SilenceView, known
from hythe.operations.alerts.known import show as show_alert
from hythe.operations.alerts.known import silences as known_silences
from hythe.operations.alerts.runbooks import runbook_text
from hythe.operations.whole import whole
from hythe.registry.registry import Registry
from hythe.security.keys import Verb

_NO_NOTE = Note()
Noted: TypeAlias = JSONBody[Note | None]


@route(get, "/alerts", "view")
def list_all(
    registry: Here, who: Asking, *, everything: FromQuery[bool] = False
) -> Response[list[AlertLine]]:
    """List the alerts that fire, those that matter most first; with `everything` also others."""
    found = known(registry.catalog, everything=everything)
    return Response(whole([line for line in found if who.sees(line.endpoint)]))


@route(get, "/endpoints/{endpoint:str}/alerts", "view")
def list_alerts(
    endpoint: FromPath[str], registry: Here, *, everything: FromQuery[bool] = False
) -> Response[list[AlertLine]]:
    """List the alerts of an endpoint that fire; with `everything` also others, the newest first."""
    return Response(whole(known(registry.catalog, endpoint, everything=everything)))


@route(get, "/alerts/{alert:int}", "view")
def show(alert: FromPath[int], registry: Here, who: Asking) -> Response[AlertView]:
    """Show an alert with its evidence, and who was told of it."""
    _check(registry, alert, who, "view")
    return Response(whole(show_alert(registry.catalog, alert)))


@route(get, "/alerts/{alert:int}/runbook", "view", media_type=MediaType.TEXT)
def runbook(alert: FromPath[int], registry: Here, who: Asking) -> Response[str]:
    """Write an alert's runbook, as Markdown: what was found, what it means, what to check, what to run."""
    _check(registry, alert, who, "view")
    return Response(runbook_text(registry.catalog, alert), media_type="text/markdown")


@route(post, "/alerts/{alert:int}/acknowledge", "admin", status_code=200)
def acknowledge(alert: FromPath[int], registry: Here, who: Asking, data: Noted = None) -> Response[AlertView]:
    """Say that the caller looks after an alert; it stands as before."""
    _check(registry, alert, who, "admin")
    look_after(registry.catalog, alert, actor=who.name, note=(data or _NO_NOTE).note)
    return Response(whole(show_alert(registry.catalog, alert)))


@route(post, "/alerts/{alert:int}/resolve", "admin", status_code=200)
def resolve(alert: FromPath[int], registry: Here, who: Asking, data: Noted = None) -> Response[AlertView]:
    """Call an alert over; what is found again in a later period is a new one."""
    _check(registry, alert, who, "admin")
    call_over(registry.catalog, alert, actor=who.name, note=(data or _NO_NOTE).note)
    return Response(whole(show_alert(registry.catalog, alert)))


@route(get, "/silences", "view")
def silences(registry: Here, who: Asking) -> list[SilenceView]:
    """List what is kept silent, the first to end first."""
    return [one for one in known_silences(registry.catalog) if who.sees(one.endpoint)]


@route(post, "/silences", "admin")
def silence(data: JSONBody[NewSilence], registry: Here, who: Asking) -> Response[dict[str, Any]]:
    """Tell nobody of an endpoint's alerts for a while; what still stands then is told."""
    who.check(data.endpoint, "admin")
    name, made = keep_silent(
        registry.catalog,
        data.endpoint,
        data.for_s,
        actor=who.name,
        rule=data.rule,
        subject=data.subject,
        note=data.note,
    )
    return Response({"id": name, **whole(made)}, status_code=201)


@route(delete, "/silences/{silence:str}", "admin")
def unsilence(silence: FromPath[str], registry: Here, who: Asking, note: FromQuery[str] = "") -> None:
    """End a silence now; what fired meanwhile and still stands is told."""
    for record in registry.catalog.alerts.silences():
        if record.id == silence:
            who.check(record.endpoint, "admin")
    end_silence(registry.catalog, silence, actor=who.name, note=note)


ROUTES = (
    list_all, list_alerts, show, runbook, acknowledge, resolve, silences, silence, unsilence,
)  # fmt: skip


def _check(registry: Registry, alert: int, who: Who, verb: Verb) -> None:
    """See whether they may do this to an alert's endpoint; raises Denied or NotFound."""
    who.check(registry.catalog.alerts.one(alert).endpoint, verb)
