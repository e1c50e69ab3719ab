"""The requests that are traced, from records to the collector."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hythe.monitor.records.record import BatchRecord
from hythe.runtime.log import Log
from hythe.server.observing.losses import Losses
from hythe.server.observing.span_queue import SpanQueue
from hythe.server.observing.spans import ROUTES, SpanMaker

_LOG = Log("hythe.sidecar")


class Tracer:
    """Makes spans and hands them on; what is lost counts with the reason `spans`."""

    def __init__(self, make: SpanMaker, queue: SpanQueue, losses: Losses) -> None:
        self._make = make
        self._queue = queue
        self._losses = losses
        self.share = make.share

    def take(self, records: Sequence[BatchRecord]) -> None:
        """Trace the requests of records whose calls are over."""
        for sampled in self._make.sampled(records):
            if self._queue.room(sampled.n_spans):  # a full queue is to cost no more than this
                self._queue.put(self._make.spans(sampled))
        self._losses.add("spans", self._queue.lost())

    def close(self) -> None:
        """Send what waits, for some seconds at most."""
        self._queue.close()
        self._losses.add("spans", self._queue.lost())


def make_tracer(endpoint: str, share: float, losses: Losses, *, scheme: str) -> Tracer | None:
    """Trace to a collector at the URL `endpoint`; where the exporter does not start, the log says why."""
    from hythe.server.http.vertex import vertex_routes
    from hythe.server.observing.otlp import Otlp

    try:
        otlp, vertex = Otlp(endpoint), vertex_routes(os.environ)
    except Exception:  # noqa: BLE001 - whatever is wrong with its surroundings, windows are still counted
        _LOG.exception("nothing is traced: the exporter does not start", url=endpoint)
        return None
    routes = ROUTES if vertex is None else {**ROUTES, "vertex": vertex.predict}
    return Tracer(SpanMaker(share, scheme=scheme, routes=routes), SpanQueue(otlp.send, otlp.stop), losses)
