"""`/metrics` of the control plane for Prometheus: what monitoring found, and which alerts stand."""

from __future__ import annotations

from litestar import MediaType, Response, get

from hythe.control.access import Here
from hythe.control.routing import route
from hythe.operations.monitoring.metrics import MONITOR_METRICS, monitor_series
from hythe.runtime.exposition import exposition

_FORMAT = "text/plain; version=0.0.4"


@route(get, "/metrics", "metrics", media_type=MediaType.TEXT)
def metrics(registry: Here) -> Response[str]:
    """Write what monitoring found and which alerts stand, for Prometheus to scrape."""
    return Response(exposition(MONITOR_METRICS, monitor_series(registry.catalog)), media_type=_FORMAT)


ROUTES = (metrics,)
