"""`/health/live` and `/health/ready` of the API itself, and who moves rollouts."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from hythe.base.errors import HytheError
from hythe.control.access import Here
from hythe.control.routing import route
from hythe.operations.rollouts.watched import controller_at_work


@route(get, "/health/live", None)
def live() -> dict[str, bool]:
    """Say that the process answers."""
    return {"live": True}


@route(get, "/health/ready", None)
def ready(registry: Here) -> Response[dict[str, Any]]:
    """Say whether the catalog answers, and who moves rollouts, "" for nobody."""
    try:
        controller = controller_at_work(registry.catalog)
    except HytheError as err:
        return Response({"ready": False, "notices": [str(err)]}, status_code=503)
    return Response({"ready": True, "controller": controller, "notices": []})


ROUTES = (live, ready)
