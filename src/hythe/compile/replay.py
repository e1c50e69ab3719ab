"""Replay goldens: whatever is to answer does again what the original did, or names the row that broke it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hythe.bundle.goldens import Goldens
from hythe.bundle.outcome import Outcome
from hythe.bundle.proof import Case, case
from hythe.bundle.rows import Rows
from hythe.bundle.schema import Schema
from hythe.compile.compare import difference
from hythe.compile.refusals import Predict, ask, reason, undisturbed


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of replaying `rows` goldens: how many broke, and the worst of them.

    `first` holds the row, what was expected (`original`) and what came (`variant`); `failure` says what was
    raised when nothing could be answered.
    """

    rows: int
    broken: int = 0
    first: Case | None = None
    failure: str = ""

    @property
    def holds(self) -> bool:
        """Whether every golden came out as stored."""
        return not self.broken

    def __str__(self) -> str:
        if self.holds:
            return f"all {self.rows} goldens hold"
        if self.failure or self.first is None:
            return f"none of {self.rows} goldens could be replayed: {self.failure}"
        expected, got = (
            "a refusal" if answer is None else str(answer)
            for answer in (self.first.original, self.first.variant)
        )
        return (
            f"{self.broken} of {self.rows} goldens broke; the worst is a row of kind {self.first.kind!r}, "
            f"{self.first.row}: expected {expected}, got {got}"
        )


def replay(goldens: Goldens, execute: Callable[[Rows], Outcome], schema: Schema) -> Replay:
    """Ask `execute` for all goldens at once and compare, within the tolerance of the original's dtype."""
    total = len(goldens.kinds)
    try:
        with undisturbed():
            given = execute(goldens.rows)
    except Exception as err:  # noqa: BLE001 - whatever raises here may not answer
        return Replay(total, total, failure=reason(err))
    apart = difference(goldens.outcome, given)
    broken = int(apart.differs.sum())
    if not broken:
        return Replay(total)
    worst = int(np.argmax(apart.excess))
    answers = (goldens.outcome, given)
    return Replay(total, broken, case(goldens.kinds[worst], goldens.rows, worst, schema, answers))


def replay_native(goldens: Goldens, predict: Predict, schema: Schema) -> Replay:
    """Replay a native model, which raises where it refuses."""
    return replay(
        goldens, lambda rows: ask(predict, rows, likely=goldens.outcome.refused, kinds=None)[0], schema
    )
