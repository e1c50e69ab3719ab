"""A baseline's and a window's counts over the same bins: what every detector takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hythe.base.errors import Invalid
from hythe.statistics.bins import Bins, NumberBins

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Counts [..., cells] of a baseline and a window; the cells are those of `bins`.

    Leading dimensions are features, or repetitions, of equal bins; what is said of one holds for each.

    >>> from hythe.statistics.bins import ValueBins
    >>> pair = Pair.of(ValueBins(("no", "yes")), (0, 70, 30, 0), (5, 50, 40, 5))
    >>> pair.present[1].tolist(), pair.rows
    ([50.0, 40.0, 5.0], (100.0, 100.0))
    """

    bins: Bins
    baseline: Floats
    window: Floats

    @classmethod
    def of(cls, bins: Bins, baseline: ArrayLike, window: ArrayLike) -> Self:
        """Take counts; raises Invalid when they do not fit the bins."""
        one, other = (np.asarray(cells, dtype=np.float64) for cells in (baseline, window))
        if one.shape[-1:] != (bins.cells,) or other.shape[-1:] != (bins.cells,):
            raise Invalid(
                f"the baseline has {one.shape[-1]} counts and the window {other.shape[-1]} for {bins.cells} "
                "cells; count with the bins of the version's own baseline"
            )
        return cls(bins, one, other)

    @property
    def ordered(self) -> bool:
        """Whether the cells after the fixed ones are in the order of their values."""
        return isinstance(self.bins, NumberBins)

    @property
    def fixed(self) -> int:
        """How many cells come first that no data chose: missing, and of numbers NaN."""
        return 2 if self.ordered else 1

    @property
    def present(self) -> tuple[Floats, Floats]:
        """The baseline's and the window's counts of values that are there."""
        return self.baseline[..., self.fixed :], self.window[..., self.fixed :]

    @property
    def rows(self) -> tuple[float, float]:
        """How many values each counts in all, missing ones included; of several features, the most."""
        return float(self.baseline.sum(axis=-1).max()), float(self.window.sum(axis=-1).max())

    def shares(self) -> tuple[Floats, Floats]:
        """Give each cell's share of the baseline and of the window; zeros where nothing was counted."""
        return _shares(self.baseline), _shares(self.window)


def _shares(cells: Floats) -> Floats:
    return np.asarray(cells / np.maximum(cells.sum(axis=-1, keepdims=True), 1.0))
