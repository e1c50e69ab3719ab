"""What a controller remembers of one rollout between two looks: time that passed, and data that grew."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.rollout.guard import GuardReport

LONGEST_S = 5.0
"""The most that counts as time between two looks: longer, and nobody was looking on."""


class Watch:
    """Counts a rollout's running time and the growth of its data by one process's monotonic clock.

    No clock of another machine is compared with it, and no wall clock plays a part. A controller that has
    just begun knows of no growth until it sees some.

    >>> watch = Watch(fresh_s=15.0)
    >>> watch.look(100.0, stored_s=40.0, running=True), watch.look(101.0, stored_s=40.0, running=True)
    (40.0, 41.0)
    """

    def __init__(self, fresh_s: float) -> None:
        self._fresh_s = fresh_s
        self._looked_s: float | None = None
        self._running_s = 0.0
        self._units: dict[str, int] = {}
        self._grew_s: dict[str, float] = {}
        self.kept_s = float("-inf")

    def look(self, now_s: float, *, stored_s: float, running: bool) -> float:
        """Note a look, and give how long the rollout has run; `stored_s` is what the catalog says of that."""
        passed_s = 0.0 if self._looked_s is None or not running else now_s - self._looked_s
        self._looked_s = now_s
        self._running_s = max(self._running_s, stored_s) + min(max(passed_s, 0.0), LONGEST_S)
        return self._running_s

    def growing(self, now_s: float, reports: Iterable[GuardReport]) -> dict[str, bool]:
        """Tell, by metric, whether the candidate's units grew within `fresh_s`."""
        for report in reports:
            known = self._units.get(report.metric)
            if known is not None and report.n_candidate > known:
                self._grew_s[report.metric] = now_s
            self._units[report.metric] = report.n_candidate
        return {metric: now_s - at_s < self._fresh_s for metric, at_s in self._grew_s.items()}
