"""How endpoints do, and how that is judged."""

from __future__ import annotations

from typing import Any, TypeVar

from litestar import Response, get, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec.structs import replace

from hythe.base.amounts import seconds
from hythe.control.access import Asking, Here, Who
from hythe.control.routing import route
from hythe.operations.alerts.commands import check_no_new_command
from hythe.operations.monitoring.policy import policy_of
from hythe.operations.monitoring.settings import Settings, Settled
from hythe.operations.monitoring.settings import apply as apply_policy
from hythe.operations.monitoring.settings import settings as settings_of
from hythe.operations.monitoring.view import MonitorView
from hythe.operations.monitoring.viewer import Viewer
from hythe.operations.whole import whole

Judged = TypeVar("Judged", MonitorView, Settings)


@route(get, "/endpoints/{endpoint:str}/monitor", "view")
def show(
    endpoint: FromPath[str],
    registry: Here,
    who: Asking,
    since: FromQuery[str] = "1d",
    version: FromQuery[str | None] = None,
) -> Response[MonitorView]:
    """Show traffic, findings, reports and alerts of the time since so long ago, and the policy.

    Periods that nobody has looked at yet are looked at now; nothing is stored. Where alerts go is told to
    those alone who may change it.
    """
    return Response(whole(_for(who, Viewer(registry, endpoint).look(seconds(since), version))))


@route(get, "/endpoints/{endpoint:str}/monitor/policy", "view")
def policy(endpoint: FromPath[str], registry: Here, who: Asking) -> Response[Settings]:
    """Show by what policy an endpoint is judged; at revision 0 it is the usual one.

    Where alerts go is told to those alone who may change it.
    """
    return Response(whole(_for(who, settings_of(registry.catalog, endpoint))))


@route(put, "/endpoints/{endpoint:str}/monitor/policy", "admin")
def apply(
    endpoint: FromPath[str],
    data: JSONBody[dict[str, Any]],
    registry: Here,
    who: Asking,
    *,
    expected_revision: FromQuery[int | None] = None,
    dry_run: FromQuery[bool] = False,
    why: FromQuery[str] = "",
) -> Response[Settled]:
    """Judge an endpoint by a policy from now on; the same again changes nothing.

    With `expected_revision` the policy that it takes the place of has to be that one, 0 for none. A command
    that the standing policy does not have is refused: it would run on the control plane's machine.
    """
    wanted = policy_of(data)
    check_no_new_command(registry.catalog, endpoint, wanted)
    done = apply_policy(
        registry,
        endpoint,
        wanted,
        actor=who.name,
        why=why,
        expected_revision=expected_revision,
        dry_run=dry_run,
    )
    return Response(whole(done))


def _for(who: Who, found: Judged) -> Judged:
    """Leave out what may be secret for those who may not change the policy."""
    if who.may(found.endpoint, "admin"):
        return found
    return replace(found, policy=found.policy.public)


ROUTES = (show, policy, apply)
