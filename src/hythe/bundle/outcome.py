"""What a model did with a batch of rows: an answer for some, a refusal for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.rows import Array

Answers: TypeAlias = Mapping[str, Array]
"""Output name to array; the first axis is the row. A classifier answers `label` and `probabilities`
[rows, classes]; a regressor `value`; an outlier detector `label` (+1, -1) and `score`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answers for `refused.size` rows; where `refused` is true the answer's cells mean nothing.

    `reasons` is what the model says of rows that it refuses, by position, for the first of them where it says
    anything. When every row is refused there may be no answers at all.
    """

    answers: Answers
    refused: NDArray[np.bool_]
    reasons: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def answered(cls, answers: Answers) -> Outcome:
        """Wrap answers of which none was refused.

        >>> Outcome.answered({"value": np.zeros(2)}).refused.tolist()
        [False, False]
        """
        rows = len(next(iter(answers.values())))
        return cls(answers, np.zeros(rows, dtype=np.bool_))


def joined(parts: Sequence[Outcome]) -> Outcome:
    """Put outcomes behind each other.

    >>> first = Outcome({"value": np.array([1.0, 0.0])}, np.array([False, True]), {1: "too old"})
    >>> both = joined([first, first])
    >>> both.answers["value"].tolist(), both.reasons
    ([1.0, 0.0, 1.0, 0.0], {1: 'too old', 3: 'too old'})
    """
    if len(parts) == 1:
        return parts[0]
    like = next((part.answers for part in parts if part.answers), {})
    reasons: dict[int, str] = {}
    start = 0
    for part in parts:
        reasons |= {start + row: said for row, said in part.reasons.items()}
        start += part.refused.size
    answers = {
        name: np.concatenate([_cells(part, name, array) for part in parts]) for name, array in like.items()
    }
    return Outcome(answers, np.concatenate([part.refused for part in parts]), reasons)


def _cells(part: Outcome, name: str, like: Array) -> Array:
    """Give a part's answers; of one that has none, cells that mean nothing."""
    if part.answers:
        return part.answers[name]
    return np.zeros((part.refused.size, *like.shape[1:]), like.dtype)
