"""What was observed and could not be kept, counted by why."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring
from hythe.runtime.server_metrics import OBSERVATIONS_LOST


class Losses:
    """Counts losses in `hythe_observations_lost_total{reason}`.

    Reasons: `ring` (records that found no room), `corrupt` (records that could not be read), `values`
    (records of which only requests and times count), `joins`, `feedback`, `outcomes`, `log`
    (lines), `spans`, `predictions` (rows of the prediction log).
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        # The rings and the counters both outlive a sidecar that is started again.
        known = counters.read().get((OBSERVATIONS_LOST.name, (("reason", "ring"),)), [0.0])
        self._in_rings = int(known[0])

    def add(self, reason: str, n: int) -> None:
        """Count `n` losses; less than one is none."""
        if n > 0:
            self._counters.counter(OBSERVATIONS_LOST.name, reason=reason).add(n)

    def in_rings(self, rings: Sequence[Ring]) -> None:
        """Count the records that rings had no room for since the last look."""
        lost = sum(ring.lost for ring in rings)
        self.add("ring", lost - self._in_rings)
        self._in_rings = lost
