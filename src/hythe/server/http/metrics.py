"""`/metrics` in Prometheus' text format: the sum over all workers, whichever answers."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.dataplane.gate import Gate
from hythe.dataplane.meter import METRICS
from hythe.dataplane.turned_away import TURNED_AWAY
from hythe.runtime.counters import Counters
from hythe.runtime.exposition import exposition
from hythe.runtime.server_metrics import SERVER_METRICS
from hythe.server.http.messages import TEXT, Reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route

SERVED = (*METRICS, TURNED_AWAY, *SERVER_METRICS)
"""What a server counts."""
_VERB = "metrics"


class MetricsDoor:
    """Exposes the shared counters to whoever may see them; to anybody without a `gate`."""

    def __init__(self, counters: Counters, gate: Gate | None = None) -> None:
        self._counters = counters
        self._gate = gate

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", "/metrics", self.metrics)

    async def metrics(self, request: Request) -> Reply:
        """Write every series."""
        if self._gate is not None:
            self._gate.admit(request.caller, "", _VERB)
        return Reply(exposition(SERVED, self._counters.read()).encode(), headers=TEXT)
