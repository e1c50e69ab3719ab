"""Rows with what was answered and what came true, as columns: of classifiers, and of regressors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.schema import Scalar
from hythe.monitor.performance.measured import Floats, Units

_NEAR = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledClasses:
    """Answers of a classifier: places in `classes` of what was answered and of what came true.

    `truth` is -1 for a class that the version does not know. `scores` [rows, classes] are None where there
    are none; a row of them that is no distribution (NaN, infinite, not adding up to 1) has none either.
    `units` tells which rows are alike (one sticky key's), None where all stand for themselves.
    """

    classes: tuple[Scalar, ...]
    answers: NDArray[np.intp]
    truth: NDArray[np.intp]
    scores: Floats | None = None
    units: Units | None = None

    def __len__(self) -> int:
        return len(self.answers)

    def take(self, chosen: NDArray[Any]) -> LabelledClasses:
        """Pick rows, by position or by mask."""
        return replace(
            self,
            answers=self.answers[chosen],
            truth=self.truth[chosen],
            scores=None if self.scores is None else self.scores[chosen],
            units=_renamed(self.units, chosen),
        )

    def scored(self) -> LabelledClasses:
        """Give the rows whose scores are a distribution."""
        if self.scores is None:
            return self.take(np.zeros(len(self), dtype=np.bool_))
        with np.errstate(invalid="ignore"):
            sums = np.abs(self.scores.sum(axis=1) - 1.0) <= _NEAR
        usable = np.isfinite(self.scores).all(axis=1) & (self.scores >= 0).all(axis=1) & sums
        return self if usable.all() else self.take(usable)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledNumbers:
    """Answers of a regressor and what came true, both as numbers; `units` as of `LabelledClasses`."""

    answers: Floats
    truth: Floats
    units: Units | None = None

    def __len__(self) -> int:
        return len(self.answers)

    def take(self, chosen: NDArray[Any]) -> LabelledNumbers:
        """Pick rows, by position or by mask."""
        return LabelledNumbers(
            answers=self.answers[chosen], truth=self.truth[chosen], units=_renamed(self.units, chosen)
        )

    def finite(self) -> LabelledNumbers:
        """Give the rows where both are finite numbers."""
        usable = np.isfinite(self.answers) & np.isfinite(self.truth)
        return self if usable.all() else self.take(usable)


Labelled: TypeAlias = LabelledClasses | LabelledNumbers


def together(parts: Sequence[Labelled]) -> Labelled:
    """Put rows of one kind, in which no two are alike, behind each other; there has to be a part.

    >>> one = LabelledNumbers(answers=np.zeros(2), truth=np.ones(2))
    >>> len(together([one, one]))
    4
    """
    numbers = [part for part in parts if isinstance(part, LabelledNumbers)]
    if numbers:
        return LabelledNumbers(
            answers=np.concatenate([part.answers for part in numbers]),
            truth=np.concatenate([part.truth for part in numbers]),
        )
    classes = [part for part in parts if isinstance(part, LabelledClasses)]
    scores = [part.scores for part in classes if part.scores is not None]
    return LabelledClasses(
        classes=classes[0].classes,
        answers=np.concatenate([part.answers for part in classes]),
        truth=np.concatenate([part.truth for part in classes]),
        scores=np.concatenate(scores) if len(scores) == len(classes) else None,
    )


def first_of_units(units: Units | None, rows: int) -> NDArray[np.intp]:
    """Give the first row of each unit: rows that are independent of each other.

    >>> first_of_units(np.array([0, 1, 0]), 3).tolist()
    [0, 1]
    """
    return np.arange(rows) if units is None else np.sort(np.unique(units, return_index=True)[1])


def _renamed(units: Units | None, chosen: NDArray[Any]) -> Units | None:
    """Give the units of the chosen rows, numbered from 0 again."""
    return None if units is None else np.unique(units[chosen], return_inverse=True)[1].astype(np.intp)
