"""Exact counts over fixed bins: they merge in any order and grouping, and nothing is lost."""

from __future__ import annotations

from typing import Any

import msgspec
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.statistics.bins import Bins, NumberBins


class Counts(msgspec.Struct, frozen=True):
    """How many values fell into each cell of `bins`.

    >>> import numpy as np
    >>> bins = NumberBins((0.0, 1.0), 1.0)
    >>> one, two = Counts.of(bins, np.array([0.0, 1, 7])), Counts.of(bins, np.array([1.0]))
    >>> (one + two).cells, (one + two).total
    ((0, 0, 0, 1, 2, 1), 4)
    """

    bins: Bins
    cells: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.cells) != self.bins.cells:
            raise Invalid(f"{len(self.cells)} counts for {self.bins.cells} cells; count with the same bins")

    @classmethod
    def of(cls, bins: NumberBins, values: NDArray[Any]) -> Counts:
        """Count numbers."""
        return cls(bins, tuple(bins.count(values).tolist()))

    @property
    def total(self) -> int:
        """How many values were counted."""
        return sum(self.cells)

    @property
    def missing(self) -> int:
        """How many values were missing."""
        return self.cells[0]

    def __add__(self, other: Counts) -> Counts:
        """Merge; raises Invalid when the bins are others."""
        if other.bins != self.bins:
            raise Invalid("counts over different bins cannot be merged; count with the same baseline")
        return Counts(self.bins, tuple(a + b for a, b in zip(self.cells, other.cells, strict=True)))

    def shares(self) -> tuple[float, ...]:
        """Give each cell's share of the total; zeros when nothing was counted."""
        total = self.total or 1
        return tuple(cell / total for cell in self.cells)
