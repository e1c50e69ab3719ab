"""Windows merged into longer ones as they age: seconds, minutes, hours, days; what is too old is removed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hythe.base.clock import DAY_S, HOUR_S, MINUTE_S
from hythe.base.errors import Invalid
from hythe.monitor.windows.window import Window, coarsen, merge_alike
from hythe.operations.windows import stored
from hythe.registry.windows import Observations, Stretch, WindowRecord

MOST_ARMS = 16
"""How many windows a version has in one minute, hour or day; until then each share and revision has one."""
_IN_ONE_GO = 50
_NEVER = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """When windows are merged into longer ones, and when windows and join records are removed.

    Hours stand for five weeks, so that each hour of the week was seen five times by what learns from them.
    """

    minutes_after_s: int = 15 * MINUTE_S
    hours_after_s: int = 2 * DAY_S
    days_after_s: int = 35 * DAY_S
    windows_days: int = 400
    joins_days: int = 30

    def __post_init__(self) -> None:
        after = (0, self.minutes_after_s, self.hours_after_s, self.days_after_s)
        if list(after) != sorted(after) or min(after[1:], default=0) < 1:
            raise Invalid(
                f"windows are merged after {after[1]}, {after[2]} and {after[3]} s; give growing times"
            )
        if min(self.windows_days, self.joins_days) < 1:
            raise Invalid(
                f"windows are kept for {self.windows_days} days, joins for {self.joins_days}; give 1 or more"
            )


class _Level(NamedTuple):
    """Windows from second `since` on and before `before` become ones of `period_s` seconds."""

    period_s: int
    before: int
    since: int = 0


class RollUp:
    """Merges stored windows and removes old ones, a part at each `turn`.

    It goes through the periods in their order and begins again at the oldest, so that windows which cannot be
    merged, written by a newer Hythe, keep nobody waiting. Several processes may work on one catalog.
    """

    def __init__(
        self,
        observations: Observations,
        retention: Retention | None = None,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._observations = observations
        self._retention = retention or Retention()
        self._monotonic_s = monotonic_s
        self._past: dict[tuple[int, int], Stretch | None] = {}

    def turn(self, now: int, most_s: float = math.inf) -> bool:
        """Merge what is old enough at `now` (UTC seconds), for about `most_s`; tell whether there is more.

        What another process merged meanwhile is left to it.
        """
        until = self._monotonic_s() + most_s
        for level in self._levels(now):
            for stretch in self._crowded(level):
                self._merge(stretch, level.period_s)
                if self._monotonic_s() >= until:
                    return True
        self._forget(now)
        return False

    def _levels(self, now: int) -> Iterator[_Level]:
        """Give the levels; of a period that is still being written nothing is merged."""
        retention = self._retention
        for period_s, after_s in (
            (MINUTE_S, retention.minutes_after_s),
            (HOUR_S, retention.hours_after_s),
            (DAY_S, retention.days_after_s),
        ):
            yield _Level(period_s, (now - after_s) // period_s * period_s)
        # A clock that is days ahead would else leave a window for each second until those days come.
        yield _Level(DAY_S, _NEVER, (now // DAY_S + 2) * DAY_S)

    def _crowded(self, level: _Level) -> Iterator[Stretch]:
        """Give the periods that have shorter windows, from where the last turn stopped to the newest."""
        key = level.period_s, int(level.since > 0)
        while True:
            found = self._observations.crowded(
                level.period_s, level.before, _IN_ONE_GO, since=level.since, past=self._past.get(key)
            )
            for stretch in found:
                self._past[key] = stretch
                yield stretch
            if len(found) < _IN_ONE_GO:
                self._past[key] = None
                return

    def _merge(self, stretch: Stretch, period_s: int) -> None:
        """Merge the windows of one period."""
        records = self._observations.within(stretch, period_s)
        read = [(record, Window.decode(record.document)) for record in records]
        known = [(record, window) for record, window in read if not window.unknown]
        whole = few(coarsen((window for _, window in known), period_s))
        if len(whole) < len(known) or _shorter(known, period_s):
            old = [record for record, _ in known]
            self._observations.replace(old, [stored(window) for window in whole])

    def _forget(self, now: int) -> None:
        retention = self._retention
        self._observations.forget(
            windows_before=now - retention.windows_days * DAY_S,
            joins_before=now - retention.joins_days * DAY_S,
        )


def few(windows: Sequence[Window], most: int = MOST_ARMS) -> list[Window]:
    """Merge the windows of one version and period into `most`, those of the oldest revisions into one.

    That has no revision, and no share where they had several. Windows over other bins, of
    another model by the same version number, stay apart.

    >>> plans = [Window("churn", "1.0.0", 0, revision=number, rows=1) for number in range(40)]
    >>> [(window.revision, window.rows) for window in few(plans, most=3)]
    [(39, 1), (38, 1), (None, 38)]
    """
    if len(windows) <= most:
        return list(windows)
    newest = sorted(windows, key=lambda one: (-(one.revision or 0), one.share is None, one.share or 0.0))
    kept, rest = newest[: most - 1], newest[most - 1 :]
    return [*kept, *merge_alike(rest)]


def _shorter(known: Sequence[tuple[WindowRecord, Window]], period_s: int) -> bool:
    return any(window.period_s < period_s for _, window in known)
