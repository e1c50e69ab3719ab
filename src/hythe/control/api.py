"""The API as one ASGI application."""

from __future__ import annotations

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from hythe.base.errors import HytheError
from hythe.base.version import VERSION
from hythe.control import (
    alerts,
    endpoints,
    feedback,
    health,
    metrics,
    models,
    monitoring,
    rollouts,
    simulations,
)
from hythe.control.access import asks, guard, who
from hythe.control.callers import Callers
from hythe.control.faults import reply_with
from hythe.registry.registry import Registry

_MOST_BYTES = 16 * 2**20
_PARTS = (endpoints, rollouts, simulations, feedback, monitoring, models, health, metrics, alerts)


def make_api(registry: Registry, callers: Callers) -> Litestar:
    """Put the API on a registry; `callers` says who may use it."""

    def provided() -> Registry:
        return registry

    return Litestar(
        route_handlers=[each for part in _PARTS for each in part.ROUTES],
        dependencies={
            "registry": Provide(provided, sync_to_thread=False),
            "who": Provide(who, sync_to_thread=False),
        },
        guards=[guard(callers)],
        opt=asks("view"),
        exception_handlers={Exception: reply_with, HytheError: reply_with},
        request_max_body_size=_MOST_BYTES,
        openapi_config=OpenAPIConfig(
            title="Hythe control plane",
            version=VERSION,
            path="/schema",
            render_plugins=[JsonRenderPlugin()],
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
            security=[{"key": []}],
        ),
        logging_config=None,
    )
