"""A shadow against one champion: its rows brought to the shadow, and their answers held side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from hythe.base.errors import HytheError
from hythe.bundle.outcome import Answers
from hythe.dataplane.live import LiveVersion
from hythe.dataplane.shadow.rewrite import rewriter
from hythe.dataplane.shadow.ticket import ShadowTicket
from hythe.dataplane.shadow.worst import Kind, Told, Worst, features, labelled, sensitive
from hythe.monitor.comparison import Comparison, Differences
from hythe.monitor.records.call import Call
from hythe.monitor.records.record import Difference
from hythe.runtime.sink import Ran

SLOWER, SLOWER_S = 1.25, 0.5e-3
"""A shadow is slower when its call takes a quarter and half a millisecond more than the champion's would."""
FAILED = 1.0
"""How bad a failed copy is: as a label that changed while the score hardly moved."""
_MILLI = 1000


class Compared(NamedTuple):
    """What came of copies: a call for each, and the differences that are worth telling."""

    calls: list[Call]
    told: list[Difference]


class _Differs(NamedTuple):
    """The worst row of the copy at `place`; `start` is where the copy's rows begin in the call."""

    size: float
    place: int
    start: int
    row: int
    kind: Kind
    reason: str = ""


class Against:
    """Compares what `shadow` answers with what `champion` did; `worst` says which differences are told."""

    def __init__(self, champion: LiveVersion, shadow: LiveVersion, margin: float, worst: Worst) -> None:
        ours, theirs = champion.spec.schema, shadow.spec.schema
        self.rewrite = rewriter(champion.reader, shadow.reader)
        self._champion = champion
        self._shadow = shadow
        self._worst = worst
        self._compare = Comparison(ours.outputs, theirs.outputs, margin, champion.spec.widths)
        self._sensitive = sensitive(ours, theirs)

    def answered(self, copies: Sequence[ShadowTicket], ran: Ran) -> Compared:
        """Compare a call's answers; a copy of which a row was refused failed."""
        slower = ran.seconds > SLOWER * self._champion.batcher.cost.expect(ran.rows) + SLOWER_S
        calls = [copy.call(ran.started_s, ran.seconds, slower=slower) for copy in copies]
        starts = [0, *accumulate([copy.rows for copy in copies])][:-1]
        differ = [*_refusals(copies, starts, ran)] if ran.outcome.refused.any() else []
        for one in differ:
            _fail(calls[one.place], "invalid")
        if len(differ) < len(copies):
            found = self._compare(_together([copy.answers for copy in copies]), ran.outcome.answers)
            differ += _differing(calls, starts, found)
        return Compared(calls, self._told(copies, differ, ran.outcome.answers))

    def failed(self, copies: Sequence[ShadowTicket], now_s: float, fault: HytheError) -> Compared:
        """Say of copies that they failed."""
        calls = [copy.call(now_s, 0.0) for copy in copies]
        for call in calls:
            _fail(call, fault.code)
        differ = [_Differs(FAILED, place, 0, 0, "failed", str(fault)) for place in range(len(copies))]
        return Compared(calls, self._told(copies, differ, {}))

    def _told(
        self, copies: Sequence[ShadowTicket], differ: Iterable[_Differs], answers: Answers
    ) -> list[Difference]:
        """Tell of those that are among the worst so far."""
        worst_first = sorted(differ, key=lambda one: (-one.size, one.place))
        return [
            self._difference(copies[one.place], one, answers)
            for one in worst_first
            if self._worst.takes(one.size)
        ]

    def _difference(self, copy: ShadowTicket, one: _Differs, answers: Answers) -> Difference:
        theirs = None if one.kind == "failed" else labelled(self._shadow, answers, one.start + one.row)
        told = Told(
            one.kind,
            one.row,
            self._champion.spec.version,
            labelled(self._champion, copy.answers, one.row),
            theirs,
            features(self._shadow.reader, copy.batch, one.row, self._sensitive),
            one.reason,
        )
        return Difference(f"{copy.id}:{one.row}", copy.revision, one.size, told.encode())


def _together(answers: Sequence[Answers]) -> Answers:
    if len(answers) == 1:
        return answers[0]
    return {name: np.concatenate([one[name] for one in answers]) for name in answers[0]}


def _refusals(copies: Sequence[ShadowTicket], starts: Sequence[int], ran: Ran) -> Iterator[_Differs]:
    """Find the copies that the shadow refuses, each with the first row that it refuses."""
    refused, reasons = ran.outcome.refused, ran.outcome.reasons
    for place, (copy, start) in enumerate(zip(copies, starts, strict=True)):
        row = int(refused[start : start + copy.rows].argmax())
        if refused[start + row]:
            reason = reasons.get(start + row, "the model refuses it")
            yield _Differs(FAILED, place, start, row, "failed", reason)


def _differing(calls: Sequence[Call], starts: Sequence[int], found: Differences) -> Iterator[_Differs]:
    """Note in each answered call which part of its rows differs, in thousandths; give its worst row."""
    changed, moved = (
        np.add.reduceat(marks, starts, dtype=np.int64).tolist() for marks in (found.changed, found.moved)
    )
    sizes = found.size
    for place, (call, start) in enumerate(zip(calls, starts, strict=True)):
        if call.outcome == "answered" and (changed[place] or moved[place]):
            call.changed = round(_MILLI * changed[place] / call.rows)
            call.moved = round(_MILLI * moved[place] / call.rows)
            row = int(sizes[start : start + call.rows].argmax())
            kind: Kind = "changed" if found.changed[start + row] else "moved"
            yield _Differs(float(sizes[start + row]), place, start, row, kind)


def _fail(call: Call, reason: str) -> None:
    call.outcome, call.reason = "failed", reason
