"""Takes what serving processes put into their rings: counts it, samples it, logs it, traces it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hythe.base.errors import Corrupt, Unavailable
from hythe.monitor.outcomes.first_requests import FirstRequests
from hythe.monitor.outcomes.join import Classes, FindCells, joins, no_cells, no_classes
from hythe.monitor.records.access_log import lines
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.records.replies import Replies
from hythe.monitor.windows.fold import Counters as Find
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.group import Group, Requests
from hythe.monitor.windows.score import Score
from hythe.monitor.windows.shadows import Worst
from hythe.monitor.windows.statistic import Statistic
from hythe.monitor.windows.window import Window, coarsen, merge
from hythe.operations.feedback.records import feedback_records
from hythe.runtime.log import Log
from hythe.runtime.ring import Ring
from hythe.server.observing.followed import Follow, follow_nothing
from hythe.server.observing.gathered import Gathered
from hythe.server.observing.handover import Handover
from hythe.server.observing.log_file import LogFile
from hythe.server.observing.losses import Losses
from hythe.server.observing.tracer import Tracer

_MOST_JOINS, _MOST_FEEDBACK, _MOST_OUTCOMES = 20_000, 100_000, 100_000
_MOST_UNCOUNTED = 2_000
_LOG = Log("hythe.sidecar")


class Intake:
    """What was taken from the rings, and is `gathered` until it is handed on.

    It is counted into windows of `period_s` seconds, which may be changed between one counting and the next.
    `find` gives the bin counter of a version, `classes` those of its outputs and `find_cells` the cells of
    its rows; a share of `join_share` of the ids is kept for joins. `follow` tells what else an endpoint's
    plan asks for.
    """

    def __init__(  # noqa: PLR0913 - what it takes from, and what it does with that
        self,
        rings: Sequence[Ring],
        find: Find,
        statistics: Sequence[Statistic],
        losses: Losses,
        *,
        log: LogFile,
        join_share: float,
        classes: Classes = no_classes,
        find_cells: FindCells = no_cells,
        follow: Follow = follow_nothing,
        tracer: Tracer | None = None,
        handover: Handover | None = None,
    ) -> None:
        self.rings = rings
        self.period_s = 1
        self._gathered = Gathered()
        self._uncounted: list[BatchRecord] = []
        self._broken: list[Ring] = []
        self._worst = Worst()
        self._find = find
        self._classes = classes
        self._find_cells = find_cells
        self._follow = follow
        self._first = FirstRequests()
        self._statistics = [_Guarded(statistic) for statistic in statistics]
        self._losses = losses
        self._log = log
        self._join_share = join_share
        self._tracer = tracer
        self._handover = handover
        self._read = RecordReader()
        self._replies = Replies()

    @property
    def fill(self) -> float:
        """How full the fullest ring is, 0 to 1."""
        return max(ring.used / ring.capacity for ring in self.rings)

    @property
    def gathered(self) -> Gathered:
        """All that was taken and not handed on, counted."""
        self._count()
        return self._gathered

    @property
    def waiting(self) -> int:
        """How many windows are counted and not handed on."""
        return len(self._gathered.windows)

    def poll(self) -> int:
        """Take all that is there; give how many records that were.

        They are counted later, many together, for each time costs a millisecond an arm. Until then their
        arrays lie in the rings, so nobody may release these further than to what is `gathered`.
        """
        records = [record for number, ring in enumerate(self.rings) for record in self._taken(number, ring)]
        self._losses.in_rings(self.rings)
        self._settle(self._replies.settled(records, time.monotonic()))
        self._uncounted += records
        if self._broken or len(self._uncounted) > _MOST_UNCOUNTED:
            self._count()
        for ring in self._broken:
            ring.release(self._gathered.positions[ring.id])
        self._broken.clear()
        for record in records:
            if record.told:
                endpoint, at_ns = record.layout.endpoint, record.at_ns
                self._gathered.feedback += feedback_records(endpoint, record.told, at_ns)
        return len(records)

    def finish(self) -> None:
        """Write what still waits for its reply, and send the last spans; the producers are gone."""
        self._losses.at_end(self.rings)
        self._settle(self._replies.all())
        if self._tracer is not None:
            self._tracer.close()
        if self._handover is not None:
            self._handover.finish()

    def hand_on(self) -> Gathered:
        """Give what was gathered, and begin anew."""
        taken = self.gathered
        taken.differences = self._worst.hand_on()
        self._gathered = Gathered(positions=dict(taken.positions))
        return taken

    def coarsen(self, period_s: int) -> None:
        """Hold what was counted in longer windows, and only so many joins and so much feedback."""
        held = self.gathered
        held.windows = coarsen(held.windows, period_s)
        self._losses.add("joins", len(held.joins) - _MOST_JOINS)
        self._losses.add("feedback", len(held.feedback) - _MOST_FEEDBACK)
        self._losses.add("outcomes", len(held.outcomes) - _MOST_OUTCOMES)
        del held.joins[_MOST_JOINS:], held.feedback[_MOST_FEEDBACK:], held.outcomes[_MOST_OUTCOMES:]

    def _taken(self, number: int, ring: Ring) -> list[BatchRecord]:
        found, name = [], ring.id
        try:
            for end, data in ring.take():
                self._gathered.positions[name] = end
                try:
                    record = self._read(data)
                    found.append(record)
                    if self._handover is not None:
                        self._handover.take((number, end), record, data)
                except Corrupt as err:
                    self._losses.add("corrupt", 1)
                    _LOG.error("a record was left out", reason=str(err))
        except Corrupt as err:
            _LOG.error("a ring was emptied", reason=str(err))
            self._losses.add("corrupt", 1)
            self._gathered.positions[name] = ring.head
            self._broken.append(ring)
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

    def _count(self) -> None:
        """Count what was taken since the last time."""
        records, self._uncounted = self._uncounted, []
        if not records:
            return
        try:
            counted = fold(records, self._find, self._statistics, self._score, self.period_s)
            self._gathered.outcomes += self._first.take(records, self._keyed, self._score)
        except Exception:  # noqa: BLE001 - whatever a value was, requests and times still count
            _LOG.exception("values could not be counted")
            self._losses.add("values", len(records))
            counted = fold(
                records, lambda _endpoint, _version: None, self._statistics, period_s=self.period_s
            )
        for window in counted:
            self._add(window)
        self._worst.take(records)
        for share, those in self._by_share(records).items():
            self._gathered.joins += joins(those, share, self._classes, self._find_cells)

    def _by_share(self, records: Sequence[BatchRecord]) -> dict[float, list[BatchRecord]]:
        """Sort records by the share of them that is kept for joins."""
        shares = {}
        for endpoint in {record.layout.endpoint for record in records}:
            asked = self._follow(endpoint).join_share
            shares[endpoint] = self._join_share if asked is None else asked
        if len({*shares.values()}) == 1:
            return {next(iter(shares.values())): [*records]}
        found: dict[float, list[BatchRecord]] = {}
        for record in records:
            found.setdefault(shares[record.layout.endpoint], []).append(record)
        return found

    def _score(self, endpoint: str) -> Score | None:
        return self._follow(endpoint).score

    def _keyed(self, endpoint: str) -> bool:
        return self._follow(endpoint).keyed

    def _add(self, window: Window) -> None:
        windows = self._gathered.windows
        for place, known in enumerate(windows):
            same = (known.start, known.period_s) == (window.start, window.period_s)
            if same and _arm(known) == _arm(window):
                windows[place] = merge(known, window)
                return
        windows.append(window)


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
