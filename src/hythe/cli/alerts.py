"""`hythe alerts [show|ack|resolve|silence|unsilence|silences|runbook]`: what needs somebody, and who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from hythe.base.amounts import seconds
from hythe.cli.common import COMMON, Common, emit, say, table
from hythe.operations.whole import whole

if TYPE_CHECKING:
    from hythe.operations.alerts.known import AlertLine, AlertView

alerts_command = App(name="alerts", help="Show what needs somebody, and say who looks after it.")
_For = Annotated[str, Parameter(name="--for")]


@alerts_command.default
def list_alerts(
    *,
    endpoint: str | None = None,
    everything: Annotated[bool, Parameter(name="--all", negative=())] = False,
    common: Common = COMMON,
) -> None:
    """List the alerts that fire, those that matter most first.

    Parameters
    ----------
    endpoint
        Of one endpoint only.
    everything
        Also those that are over, or do not stand long enough to fire; the newest first.

    """
    from hythe.app.wire import opened
    from hythe.operations.alerts.known import known
    from hythe.operations.monitoring.turn import LEASE
    from hythe.operations.rollouts.watched import at_work

    with opened(common.config()) as here:
        found = known(here.catalog, endpoint, everything=everything)
        attended = bool(at_work(here.catalog, LEASE))

    def text() -> None:
        _list(found, everything=everything)
        if not attended:
            say("nobody monitors now, so nothing new is found: start hythe up, or hythe control")

    emit(common, whole(found), text)


@alerts_command.command
def show(alert: int, *, common: Common = COMMON) -> None:
    """Show an alert with its evidence, and who was told of it.

    Parameters
    ----------
    alert
        The alert's number.

    """
    from hythe.app.wire import opened
    from hythe.operations.alerts.known import show as show_alert

    with opened(common.config()) as here:
        found = show_alert(here.catalog, alert)
    emit(common, whole(found), lambda: _show(found))


@alerts_command.command
def ack(alert: int, *, note: str = "", common: Common = COMMON) -> None:
    """Say that you look after an alert. It stands as before; what begins anew is an alert of its own.

    Parameters
    ----------
    alert
        The alert's number.
    note
        What is known of it, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.alerts.act import acknowledge

    with opened(common.config()) as here:
        done = acknowledge(here.catalog, alert, actor=here.actor, note=note)
        said = f"{here.actor} looks after alert {alert}"
    emit(common, whole(done), lambda: say(said))


@alerts_command.command
def resolve(alert: int, *, note: str = "", common: Common = COMMON) -> None:
    """Call an alert over. What is found again in a later period is a new alert.

    Parameters
    ----------
    alert
        The alert's number.
    note
        What was done, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.alerts.act import resolve as resolve_alert

    with opened(common.config()) as here:
        done = resolve_alert(here.catalog, alert, actor=here.actor, note=note)
    emit(common, whole(done), lambda: say(f"alert {alert} is over"))


@alerts_command.command
def silence(
    endpoint: str,
    *,
    for_: _For,
    rule: str = "*",
    subject: str = "*",
    note: str = "",
    common: Common = COMMON,
) -> None:
    """Tell nobody of an endpoint's alerts for a while. They stand as ever, and what still does is told then.

    Parameters
    ----------
    endpoint
        The endpoint's name; * for all endpoints.
    for_
        How long: 30m, 4h, 7d.
    rule
        Only alerts of rules that are named so; a shell pattern.
    subject
        Only alerts about nothing but subjects that are named so; a shell pattern.
    note
        The reason, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.alerts.act import silence as keep_silent

    with opened(common.config()) as here:
        name, made = keep_silent(
            here.catalog, endpoint, seconds(for_), actor=here.actor, rule=rule, subject=subject, note=note
        )
    said = f"silence {name} lasts {for_}; end it with: hythe alerts unsilence {name}"
    emit(common, {"id": name, **whole(made)}, lambda: say(said))


@alerts_command.command
def unsilence(silence: str, *, note: str = "", common: Common = COMMON) -> None:
    """End a silence now. What fired meanwhile and still stands is told.

    Parameters
    ----------
    silence
        The silence's id, as `hythe alerts silences` lists it.
    note
        The reason, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.alerts.act import unsilence as end_silence

    with opened(common.config()) as here:
        ended = end_silence(here.catalog, silence, actor=here.actor, note=note)
    emit(common, whole(ended), lambda: say(f"the silence of {ended.endpoint} is over"))


@alerts_command.command
def silences(*, common: Common = COMMON) -> None:
    """List what is kept silent, and until when."""
    from hythe.app.wire import opened
    from hythe.operations.alerts.known import silences as known_silences

    with opened(common.config()) as here:
        found = known_silences(here.catalog)

    def text() -> None:
        if not found:
            say("nothing is silent")
            return
        headings = ["silence", "endpoint", "rule", "subject", "until", "by", "note"]
        table(
            headings,
            [
                [one.id, one.endpoint, one.rule, one.subject, _when(one.until), one.by, one.note]
                for one in found
            ],
        )

    emit(common, whole(found), text)


@alerts_command.command
def runbook(alert: int, *, common: Common = COMMON) -> None:
    """Print an alert's runbook, as Markdown: what was found, what it means, what to check, what to run.

    Parameters
    ----------
    alert
        The alert's number.

    """
    from hythe.app.wire import opened
    from hythe.operations.alerts.runbooks import runbook_text

    with opened(common.config()) as here:
        text = runbook_text(here.catalog, alert)
    emit(common, {"alert": alert, "runbook": text}, lambda: print(text, end=""))


def _list(found: list[AlertLine], *, everything: bool) -> None:
    if not found:
        say("there was no alert yet" if everything else "nothing needs you; past alerts: hythe alerts --all")
        return
    state = ["state"] if everything else []
    table(
        ["alert", "severity", *state, "what", "since", "who"],
        [
            [
                str(line.id),
                line.severity,
                *([line.state] if everything else []),
                line.title,
                _when(line.opened or line.began),
                _who(line),
            ]
            for line in found
        ],
    )
    if not everything:
        say("", f"what to do: hythe alerts runbook {found[0].id}")


def _show(found: AlertView) -> None:
    say(
        f"alert {found.id}: {found.title}",
        f"{found.severity}, {found.state} since {_when(found.opened or found.began)} UTC; rule {found.rule}, "
        f"first seen {_when(found.began)}; {_who(found)}",
    )
    if found.reason:
        say(f"over at {_when(found.resolved)}: {found.reason}")
    say("")
    table(
        ["what", "since", "found"],
        [
            [f"{one.name}{' (over)' if one.cleared else ''}", _when(one.since), finding.message]
            for one in found.evidence
            for finding in one.findings
        ],
    )
    if found.deliveries:
        say("")
        table(
            ["told", "of", "state", "tries", "at", "fault"],
            [
                [one.to, one.event, one.state, str(one.tries), _when(one.at) or "-", one.fault or "-"]
                for one in found.deliveries
            ],
        )


def _who(line: AlertLine) -> str:
    silent = f"silent until {_when(line.silent_until)}" if line.silent_until else ""
    note = line.acknowledged.note if line.acknowledged else ""
    by = f"{line.acknowledged.by}{f': {note}' if note else ''}" if line.acknowledged else ""
    return ", ".join(filter(None, (by, silent))) or "nobody yet"


def _when(at: str) -> str:
    return at[:16].replace("T", " ")
