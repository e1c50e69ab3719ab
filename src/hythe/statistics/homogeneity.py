"""Whether two 2 x 2 tables have one odds ratio: an exact test, whatever their margins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hythe.statistics.prediction import LEAST_P

_WIDE = 40.0
"""How many standard deviations from the mode are summed: beyond lies less than the smallest float."""


class _Table(NamedTuple):
    """One table by its margins: how many are high in the first, in the second, and how many there are."""

    first: int
    second: int
    n: int

    def cells(self, high: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Give the four cells of tables where `high` are high in both."""
        return high, self.first - high, self.second - high, self.n - self.first - self.second + high

    @property
    def least(self) -> int:
        """The fewest that can be high in both."""
        return max(0, self.first + self.second - self.n)

    @property
    def most(self) -> int:
        """The most that can be high in both."""
        return min(self.first, self.second)


def same_odds_p(one: Sequence[int], other: Sequence[int]) -> float:
    """Test whether two tables (both low, second high, first high, both high) have the same odds ratio.

    Given the margins of both tables and how many are high in both altogether, how these part has a
    distribution that knows neither the odds ratio nor the margins' probabilities (Zelen 1971; Gart 1970).
    So the p-value, twice the smaller tail, is valid for any margins, which may differ, and any odds ratio.

    >>> same_odds_p([40, 10, 10, 40], [400, 100, 100, 400])
    1.0
    >>> round(same_odds_p([40, 10, 10, 40], [9, 9, 9, 9]), 5)
    0.00273
    """
    left, right = _table(one), _table(other)
    both = one[3] + other[3]
    least, most = max(left.least, both - right.most), min(left.most, both - right.least)
    if least == most:
        return 1.0
    centre = _mode(left, right, both, least, most)
    reach = _reach(left, right, both, centre)
    low, high = max(least, centre - reach), min(most, centre + reach)
    if not low <= one[3] <= high:
        return LEAST_P
    weights = _log_weights(left, right, both, np.arange(low, high + 1, dtype=np.float64))
    shares = np.exp(weights - weights.max())
    place = one[3] - low
    tail = min(float(shares[: place + 1].sum()), float(shares[place:].sum()))
    return min(1.0, max(LEAST_P, 2.0 * tail / float(shares.sum())))


def _table(cells: Sequence[int]) -> _Table:
    low, right, left, high = cells
    return _Table(left + high, right + high, low + right + left + high)


def _log_weights(left: _Table, right: _Table, both: int, high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the logarithm of the probability of `high` in the left table, but for a constant."""
    from scipy.special import gammaln

    cells = (*left.cells(high), *right.cells(both - high))
    found: NDArray[np.float64] = -gammaln(np.stack(cells) + 1.0).sum(axis=0)
    return found


def _mode(left: _Table, right: _Table, both: int, least: int, most: int) -> int:
    """Find the likeliest split: the ratio of neighbours falls, so where it passes one."""
    while least < most:
        middle = (least + most) // 2
        if _grows(left, right, both, middle):
            least = middle + 1
        else:
            most = middle
    return least


def _grows(left: _Table, right: _Table, both: int, high: int) -> bool:
    """Tell whether one more in the left table is likelier than `high`; in whole numbers."""
    theirs = both - high
    up = (left.first - high) * (left.second - high) * theirs * (right.n - right.first - right.second + theirs)
    down = (
        (high + 1) * (left.n - left.first - left.second + high + 1)
        * (right.first - theirs + 1) * (right.second - theirs + 1)
    )  # fmt: skip
    return up > down


def _reach(left: _Table, right: _Table, both: int, centre: int) -> int:
    """Give how far from the mode there is any probability to speak of.

    The variance is at most about the harmonic sum of the cells; a few steps more are for small ones.
    """
    cells = (*left.cells(np.array(float(centre))), *right.cells(np.array(float(both - centre))))
    precision = sum(1.0 / (float(cell) + 1.0) for cell in cells)
    return math.ceil(_WIDE / math.sqrt(precision)) + 100
