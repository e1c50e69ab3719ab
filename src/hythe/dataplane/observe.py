"""What is noted of every request: an id, a count of its outcome, and how long it took."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

from hythe.base.errors import CallerError, HytheError
from hythe.runtime.counters import Counter, Counters, Histogram, Metric

SECONDS = (
    25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the latency buckets."""
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0, 16384.0)
"""Upper bounds of the buckets for rows in one call of the model."""


REQUESTS = Metric("hythe_requests_total", "counter", "Requests by what became of them.")
ANSWERED_ROWS = Metric("hythe_rows_total", "counter", "Rows answered.")
DURATION = Metric("hythe_request_duration_seconds", "histogram", "From request to answer.", SECONDS)
INFERENCE = Metric("hythe_inference_duration_seconds", "histogram", "One call of the model.", SECONDS)
BATCH = Metric("hythe_batch_rows", "histogram", "Rows in one call of the model.", ROWS)
IN_FLIGHT = Metric("hythe_in_flight", "gauge", "Requests being answered now.")
METRICS = (REQUESTS, ANSWERED_ROWS, DURATION, INFERENCE, BATCH, IN_FLIGHT)


class Ids:
    """Makes prediction ids: UUIDv7 (RFC 9562), some hundred to one draw of entropy.

    >>> ids = Ids(now_ms=lambda: 0x017F22E279B0, entropy=bytes)
    >>> ids.next()
    '017f22e2-79b0-7000-8000-000000000000'
    """

    def __init__(
        self,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._now_ms = now_ms
        self._entropy = entropy
        self._pool = ""
        self._position = 0
        self._ms = -1
        self._prefix = ""

    def next(self) -> str:
        """Make one id."""
        now = self._now_ms()
        if now != self._ms:
            text = f"{now & 0xFFFFFFFFFFFF:012x}"
            self._ms, self._prefix = now, f"{text[:8]}-{text[8:]}-7"
        start = self._position
        if start + 19 > len(self._pool):
            self._pool, start = self._entropy(4096).hex(), 0
        self._position = start + 19
        draw = self._pool[start : start + 19]
        variant = "89ab"[int(draw[3], 16) & 3]
        return f"{self._prefix}{draw[:3]}-{variant}{draw[4:7]}-{draw[7:19]}"


class Meter:
    """The counts of one endpoint in this process."""

    def __init__(self, counters: Counters, endpoint: str) -> None:
        self._counters = counters
        self._endpoint = endpoint
        self._requests: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        self._runs: dict[str, tuple[Counter, Histogram, Histogram]] = {}
        self.in_flight = counters.gauge(IN_FLIGHT.name, endpoint=endpoint)

    def answered(self, version: str, seconds: float) -> None:
        """Count a request that was answered."""
        self._count(version, "answered", "", seconds)

    def failed(self, version: str, err: BaseException, seconds: float) -> None:
        """Count a request that was refused (the caller's fault) or failed (ours)."""
        outcome = "refused" if isinstance(err, CallerError) else "failed"
        reason = "cancelled" if isinstance(err, asyncio.CancelledError) else "internal"
        self._count(version, outcome, err.code if isinstance(err, HytheError) else reason, seconds)

    def ran(self, version: str, rows: int, seconds: float) -> None:
        """Count one call of a model."""
        run = self._runs.get(version)
        if run is None:
            labels = {"endpoint": self._endpoint, "version": version}
            run = self._runs[version] = (
                self._counters.counter(ANSWERED_ROWS.name, **labels),
                self._counters.histogram(BATCH.name, BATCH.bounds, **labels),
                self._counters.histogram(INFERENCE.name, INFERENCE.bounds, **labels),
            )
        total, batches, durations = run
        total.add(rows)
        batches.observe(rows)
        durations.observe(seconds)

    def _count(self, version: str, outcome: str, reason: str, seconds: float) -> None:
        pair = self._requests.get((version, outcome, reason))
        if pair is None:
            labels = {"endpoint": self._endpoint, "version": version, "outcome": outcome}
            pair = self._requests[version, outcome, reason] = (
                self._counters.counter(REQUESTS.name, **labels, reason=reason),
                self._counters.histogram(DURATION.name, DURATION.bounds, **labels),
            )
        pair[0].add()
        pair[1].observe(seconds)
