"""Requests that came to no endpoint: without a valid key, to no path, with a body that had killed twice."""

from __future__ import annotations

import time

from hythe.base.errors import CallerError, HytheError
from hythe.dataplane.record import Recorder
from hythe.monitor.records.call import Call
from hythe.runtime.counters import Counter, Counters, Metric
from hythe.runtime.ring import Ring

TURNED_AWAY = Metric(
    "hythe_turned_away_total", "counter", "Requests that came to no endpoint, by the error that they got."
)


class TurnedAway:
    """Counts them, and has a line of the access log written for each."""

    def __init__(self, counters: Counters, ring: Ring | None = None) -> None:
        self._counters = counters
        self._recorder = None if ring is None else Recorder(ring, "")
        self._counted: dict[str, Counter] = {}

    def note(self, fault: HytheError, call: Call) -> None:
        """Note a request that ended with `fault`; `call` tells of its path, door, status and caller."""
        counter = self._counted.get(fault.code)
        if counter is None:
            counter = self._counted[fault.code] = self._counters.counter(TURNED_AWAY.name, reason=fault.code)
        counter.add()
        call.outcome = "refused" if isinstance(fault, CallerError) else "failed"
        call.reason = fault.code
        if self._recorder is not None:
            self._recorder.alone(call, at_ns=time.time_ns())
