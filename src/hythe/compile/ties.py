"""Rows on which the original disagrees with itself: no variant can be held to either answer."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Rows, take
from hythe.compile.compare import at, difference
from hythe.compile.refusals import Predict, ask

Positions = NDArray[np.int64]

_SAMPLE = 256
_ALONE = 8
_ASK_ALONE = 64
_SMALL_BATCH = 16
_SMALL_BATCHES = 64


def self_disagreements(
    predict: Predict, rows: Rows, outcome: Outcome, rng: np.random.Generator
) -> tuple[Positions, int]:
    """Ask a sample of rows again, in another order, in another batch and a few alone.

    Returns the positions that the original answered differently, and how many were asked.
    """
    answered = np.flatnonzero(~outcome.refused)
    sample = rng.permutation(answered)[:_SAMPLE]
    batches = [sample, *(sample[index : index + 1] for index in range(min(_ALONE, sample.size)))]
    return _disagreeing(predict, rows, outcome, batches), sample.size


def ties(predict: Predict, rows: Rows, outcome: Outcome, suspects: Positions) -> Positions:
    """Find those of `suspects` (worst first) on which the original disagrees with itself.

    They are asked together in reverse order; then the first ones alone and the next ones in small batches.
    """
    if not suspects.size:
        return suspects
    found = _disagreeing(predict, rows, outcome, [suspects[::-1]])
    left = suspects[~np.isin(suspects, found)]
    alone, others = left[:_ASK_ALONE], left[_ASK_ALONE:][: _SMALL_BATCH * _SMALL_BATCHES]
    batches = [alone[index : index + 1] for index in range(alone.size)]
    batches += [others[start : start + _SMALL_BATCH] for start in range(0, others.size, _SMALL_BATCH)]
    return np.union1d(found, _disagreeing(predict, rows, outcome, batches))


def _disagreeing(predict: Predict, rows: Rows, outcome: Outcome, batches: Iterable[Positions]) -> Positions:
    """Give the rows that these batches answer otherwise than `outcome` says."""
    found: list[Positions] = []
    for batch in batches:
        if not batch.size:
            continue
        again, _ = ask(predict, take(rows, batch))
        found.append(batch[difference(at(outcome, batch), again).differs])
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)
