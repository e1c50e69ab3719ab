"""Whether windows have to be short, and stored each second."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hythe.base.clock import MINUTE_S
from hythe.base.errors import HytheError
from hythe.operations.monitoring.policy import policy_in
from hythe.registry.monitors import MonitorRecord


class Hurry:
    """Says so while an endpoint is `moving`, or is monitored in periods that are no whole minutes.

    `monitors` gives the settings of all endpoints that have any. They are read at each `look`.

    >>> Hurry(lambda: False, lambda: [])()
    False
    """

    def __init__(self, moving: Callable[[], bool], monitors: Callable[[], Iterable[MonitorRecord]]) -> None:
        self._moving = moving
        self._monitors = monitors
        self._closely = False

    def __call__(self) -> bool:
        """Whether they have to."""
        return self._closely or self._moving()

    def look(self) -> None:
        """Read again how endpoints are monitored; raises what the catalog raises."""
        self._closely = any(map(_of_seconds, self._monitors()))


def _of_seconds(record: MonitorRecord) -> bool:
    """Tell whether a period of an endpoint's might end within a longer window."""
    try:
        return any(period_s % MINUTE_S for period_s in policy_in(record).periods_s)
    except HytheError:  # nobody looks at periods by settings that cannot be read
        return False
