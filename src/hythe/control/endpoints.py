"""Endpoints: made, planned, listed, removed, and what they served when."""

from __future__ import annotations

from typing import Any

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from hythe.control.access import Asking, Here
from hythe.control.documents import NewEndpoint
from hythe.control.routing import route
from hythe.operations.endpoints.apply import Applied
from hythe.operations.endpoints.apply import apply as apply_plan
from hythe.operations.endpoints.create import create as create_endpoint
from hythe.operations.endpoints.document import plan_document
from hythe.operations.endpoints.history import Moved
from hythe.operations.endpoints.history import history as endpoint_history
from hythe.operations.endpoints.known import Known, known
from hythe.operations.endpoints.known import show as show_endpoint
from hythe.operations.endpoints.remove import remove as remove_endpoint


@route(get, "/endpoints", "view")
def list_endpoints(registry: Here, who: Asking) -> list[Known]:
    """List the endpoints that the caller may look at, and what they serve."""
    return [item for item in known(registry.catalog) if who.sees(item.endpoint)]


@route(post, "/endpoints", "admin")
def create(data: JSONBody[NewEndpoint], registry: Here, who: Asking) -> Response[Applied]:
    """Make an endpoint that sends everything to one version."""
    who.check(data.endpoint, "admin")
    made = create_endpoint(
        registry,
        data.endpoint,
        data.ref,
        actor=who.name,
        why=data.why,
        sticky=data.sticky,
        approval=data.approval,
        dry_run=data.dry_run,
    )
    return Response(made, status_code=200 if data.dry_run else 201)


@route(get, "/endpoints/{endpoint:str}", "view")
def show(endpoint: FromPath[str], registry: Here) -> Known:
    """Show the plan of an endpoint."""
    return show_endpoint(registry.catalog, endpoint)


@route(put, "/endpoints/{endpoint:str}", "admin")
def apply(  # noqa: PLR0913 - one parameter of the query each
    endpoint: FromPath[str],
    data: JSONBody[dict[str, Any]],
    registry: Here,
    who: Asking,
    *,
    allow_schema_change: FromQuery[bool] = False,
    expected_revision: FromQuery[int | None] = None,
    dry_run: FromQuery[bool] = False,
    why: FromQuery[str] = "",
) -> Applied:
    """Make an endpoint follow a plan, which is made when it is not there; the same again changes nothing.

    The plan is the document that GET gives in `plan`. With `expected_revision` the plan that it takes the
    place of has to be that one, 0 for none.
    """
    return apply_plan(
        registry,
        endpoint,
        plan_document(data),
        actor=who.name,
        why=why,
        allow_schema_change=allow_schema_change,
        expected_revision=expected_revision,
        dry_run=dry_run,
    )


@route(delete, "/endpoints/{endpoint:str}", "admin")
def remove(endpoint: FromPath[str], registry: Here, who: Asking, why: FromQuery[str] = "") -> None:
    """Take an endpoint away; its history stays."""
    remove_endpoint(registry.catalog, endpoint, actor=who.name, why=why)


@route(get, "/endpoints/{endpoint:str}/history", "view")
def history(endpoint: FromPath[str], registry: Here) -> list[Moved]:
    """Show what an endpoint served when, who moved it, and on what evidence."""
    return endpoint_history(registry.catalog, endpoint)


ROUTES = (list_endpoints, create, show, apply, remove, history)
