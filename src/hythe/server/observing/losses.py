"""What was observed and could not be kept, counted by why."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring
from hythe.runtime.server_metrics import OBSERVATIONS_LOST


class Losses:
    """Counts losses in `hythe_observations_lost_total{reason}`.

    Reasons: `ring` (requests that found no room), `killed` (requests that had come to a process when it was
    killed, and of which it had not told; some of them were answered), `corrupt` (records that could not be
    read), `values` (records of which only requests and times count), `joins`, `feedback`, `outcomes`, `log`
    (lines), `spans`, `predictions` (rows of the prediction log).
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        # The rings and the counters both outlive a sidecar that is started again.
        known = counters.read()
        self._known = {
            reason: int(known.get((OBSERVATIONS_LOST.name, (("reason", reason),)), [0.0])[0])
            for reason in ("ring", "killed")
        }

    def add(self, reason: str, n: int) -> None:
        """Count `n` losses; less than one is none."""
        if n > 0:
            self._counters.counter(OBSERVATIONS_LOST.name, reason=reason).add(n)

    def in_rings(self, rings: Sequence[Ring]) -> None:
        """Count what rings had no room for, and what killed producers took with them, since the last look."""
        self._up_to("ring", sum(ring.lost for ring in rings))
        self._up_to("killed", sum(ring.untold for ring in rings))

    def at_end(self, rings: Sequence[Ring]) -> None:
        """Count what is inside producers that are gone, and that nobody takes the place of."""
        self._up_to("killed", sum(ring.untold + max(ring.inside, 0) for ring in rings))

    def _up_to(self, reason: str, lost: int) -> None:
        self.add(reason, lost - self._known[reason])
        self._known[reason] = lost
