"""Rollouts: begun, looked at, promoted, paused, resumed, aborted; and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from hythe.control.access import Asking, Here
from hythe.control.documents import Back, Begun, NewRollout, Reason
from hythe.control.routing import route
from hythe.operations.rollouts.back import rollback as roll_back
from hythe.operations.rollouts.move import abort, pause, promote, resume
from hythe.operations.rollouts.policy import policy_of
from hythe.operations.rollouts.start import start as start_rollout
from hythe.operations.rollouts.stored import rollout_in
from hythe.operations.rollouts.view import RolloutView, view
from hythe.operations.rollouts.watched import unattended
from hythe.operations.whole import whole
from hythe.rollout.state import Rollout

Move: TypeAlias = Literal["promote", "pause", "resume", "abort"]
_MOVES: Mapping[Move, Callable[..., Rollout]] = {
    "promote": promote,
    "pause": pause,
    "resume": resume,
    "abort": abort,
}
_NO_REASON = Reason()
Reasoned: TypeAlias = JSONBody[Reason | None]


@route(get, "/rollouts", "view")
def list_all(registry: Here, who: Asking, *, running: FromQuery[bool] = False) -> Response[list[Rollout]]:
    """List rollouts, the oldest first; with `running`, those that have not ended."""
    records = registry.catalog.rollouts(running=running)
    return Response(whole([rollout_in(record) for record in records if who.sees(record.endpoint)]))


@route(get, "/endpoints/{endpoint:str}/rollouts", "view")
def list_rollouts(endpoint: FromPath[str], registry: Here) -> Response[list[Rollout]]:
    """List the rollouts of an endpoint, the oldest first."""
    return Response(whole([rollout_in(record) for record in registry.catalog.rollouts(endpoint)]))


@route(post, "/endpoints/{endpoint:str}/rollouts", "admin")
def start(
    endpoint: FromPath[str], data: JSONBody[NewRollout], registry: Here, who: Asking
) -> Response[Begun]:
    """Begin to move an endpoint to a version; a controller moves it on."""
    begun = start_rollout(
        registry,
        endpoint,
        data.ref,
        policy_of(data.policy),
        actor=who.name,
        why=data.why,
        allow_schema_change=data.allow_schema_change,
        dry_run=data.dry_run,
    )
    begun.notices.extend(() if data.dry_run else unattended(registry.catalog))
    said = Begun.of(begun, dry_run=data.dry_run)
    return Response(whole(said), status_code=200 if data.dry_run else 201)


@route(get, "/endpoints/{endpoint:str}/rollouts/latest", "view")
def latest(endpoint: FromPath[str], registry: Here) -> Response[RolloutView]:
    """Show the rollout under way, else the last one: where it stands, and what each guard knows."""
    return Response(whole(view(registry.catalog, endpoint)))


@route(post, "/endpoints/{endpoint:str}/rollouts/{move:str}", "admin", status_code=200)
def turn(
    endpoint: FromPath[str], move: FromPath[Move], registry: Here, who: Asking, data: Reasoned = None
) -> Response[Rollout]:
    """Promote, pause, resume or abort the rollout of an endpoint; give it as it stands then."""
    why = (data or _NO_REASON).why
    return Response(whole(_MOVES[move](registry.catalog, endpoint, actor=who.name, why=why)))


@route(post, "/endpoints/{endpoint:str}/rollback", "admin", status_code=200)
def rollback(endpoint: FromPath[str], registry: Here, who: Asking, data: Reasoned = None) -> Response[Back]:
    """Serve again what the endpoint served before; a rollout under way ends with it."""
    why = (data or _NO_REASON).why
    done = roll_back(registry.catalog, endpoint, actor=who.name, why=why)
    return Response(whole(Back.of(endpoint, done)))


ROUTES = (list_all, list_rollouts, start, latest, turn, rollback)
