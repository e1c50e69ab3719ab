"""Takes what serving processes put into their rings: counts it, samples it, logs it, traces it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hythe.base.errors import Corrupt, Unavailable
from hythe.monitor.access_log import lines
from hythe.monitor.fold import Counters as Find
from hythe.monitor.fold import fold
from hythe.monitor.group import Group, Requests
from hythe.monitor.join import Join, joins
from hythe.monitor.record import BatchRecord, RecordReader
from hythe.monitor.replies import Replies
from hythe.monitor.statistic import Statistic
from hythe.monitor.window import Window, coarsen, merge
from hythe.runtime.log import Log
from hythe.runtime.ring import Ring
from hythe.server.observing.log_file import LogFile
from hythe.server.observing.losses import Losses
from hythe.server.observing.tracer import Tracer

_MOST_JOINS = 20_000
_LOG = Log("hythe.sidecar")


class Intake:
    """What was taken from the rings and not handed on: `windows`, `joins`, and up to which `positions`.

    `find` gives the bin counter of a version; a share of `join_share` of the ids is kept for joins.
    """

    def __init__(
        self,
        rings: Sequence[Ring],
        find: Find,
        statistics: Sequence[Statistic],
        losses: Losses,
        *,
        log: LogFile,
        join_share: float,
        tracer: Tracer | None = None,
    ) -> None:
        self.rings = rings
        self.windows: list[Window] = []
        self.joins: list[Join] = []
        self.positions: dict[str, int] = {}
        self._find = find
        self._statistics = [_Guarded(statistic) for statistic in statistics]
        self._losses = losses
        self._log = log
        self._join_share = join_share
        self._tracer = tracer
        self._read = RecordReader()
        self._replies = Replies()

    @property
    def fill(self) -> float:
        """How full the fullest ring is, 0 to 1."""
        return max(ring.used / ring.capacity for ring in self.rings)

    def poll(self) -> int:
        """Take and count all that is there; give how many records that were."""
        records = [record for ring in self.rings for record in self._taken(ring)]
        self._losses.in_rings(self.rings)
        self._settle(self._replies.settled(records, time.monotonic()))
        if records:
            self._count(records)
        return len(records)

    def finish(self) -> None:
        """Write what still waits for its reply, and send the last spans."""
        self._settle(self._replies.all())
        if self._tracer is not None:
            self._tracer.close()

    def hand_on(self) -> tuple[list[Window], list[Join], dict[str, int]]:
        """Give what was counted, and begin anew."""
        taken = self.windows, self.joins, dict(self.positions)
        self.windows, self.joins = [], []
        return taken

    def coarsen(self, period_s: int) -> None:
        """Hold what was counted in longer windows, and only so many joins."""
        self.windows = coarsen(self.windows, period_s)
        self._losses.add("joins", len(self.joins) - _MOST_JOINS)
        del self.joins[_MOST_JOINS:]

    def _taken(self, ring: Ring) -> list[BatchRecord]:
        found, name = [], ring.id
        try:
            for end, data in ring.take():
                self.positions[name] = end
                try:
                    found.append(self._read(data))
                except Corrupt as err:
                    self._losses.add("corrupt", 1)
                    _LOG.error("a record was left out", reason=str(err))
        except Corrupt as err:
            _LOG.error("a ring was emptied", reason=str(err))
            self._losses.add("corrupt", 1)
            self.positions[name] = ring.head
            ring.release(ring.head)
        return found

    def _settle(self, records: Sequence[BatchRecord]) -> None:
        """Tell of requests that are over: in the access log, and to the tracer."""
        self._write(records)
        if self._tracer is not None:
            self._tracer.take(records)

    def _write(self, records: Sequence[BatchRecord]) -> None:
        if not self._log or not records:
            return
        try:
            self._log.write(lines(records, 0.0 if self._tracer is None else self._tracer.share))
        except Unavailable as err:
            self._losses.add("log", sum(len(record.calls) for record in records))
            _LOG.error("lines of the access log are lost", reason=str(err))

    def _count(self, records: Sequence[BatchRecord]) -> None:
        try:
            counted = fold(records, self._find, self._statistics)
        except Exception:  # noqa: BLE001 - whatever a value was, requests and times still count
            _LOG.exception("values could not be counted")
            self._losses.add("values", len(records))
            counted = fold(records, lambda _endpoint, _version: None, self._statistics)
        for window in counted:
            self._add(window)
        self.joins += joins(records, self._join_share)

    def _add(self, window: Window) -> None:
        for place, known in enumerate(self.windows):
            same = (known.start, known.period_s) == (window.start, window.period_s)
            if same and _arm(known) == _arm(window):
                self.windows[place] = merge(known, window)
                return
        self.windows.append(window)


class _Guarded:
    """A statistic that is left out once it has failed, for nobody else may suffer from it."""

    def __init__(self, statistic: Statistic) -> None:
        self.name = statistic.name
        self._count = statistic.count
        self._failed = False

    def count(self, requests: Requests, group: Group) -> Sequence[int]:
        if self._failed:
            return ()
        try:
            return self._count(requests, group)
        except Exception:  # noqa: BLE001 - it is anybody's code
            self._failed = True
            _LOG.exception("a statistic fails and is not counted any more", statistic=self.name)
            return ()


def _arm(window: Window) -> tuple[str, str, float | None, int | None]:
    return window.endpoint, window.version, window.share, window.revision
