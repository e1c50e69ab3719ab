"""How columns depend on each other, in whole numbers that add up: which values are high together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def signs(columns: Matrix, borders: Sequence[float]) -> Matrix:
    """Mark each value of `columns` [rows, k]: 1 from its border on, -1 below, 0 where it is NaN.

    >>> signs(np.array([[1.0, 5.0], [3.0, np.nan]]), [2.0, 5.0]).tolist()
    [[-1.0, 1.0], [1.0, 0.0]]
    """
    return np.where(np.isnan(columns), 0.0, np.where(columns >= np.asarray(borders), 1.0, -1.0))


def tables(marks: Matrix) -> NDArray[np.int64]:
    """Count each pair of columns in a 2 x 2 table [pairs, 4], over the rows where neither is missing.

    `marks` are those of `signs`; pairs stand as (0, 1), (0, 2), …, (1, 2), …; of the pair (i, j) the four
    are both low, i low and j high, i high and j low, both high.

    >>> tables(np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0], [1.0, 0.0]])).tolist()
    [[1, 0, 1, 1]]
    """
    present, high = np.abs(marks), (marks > 0.0).astype(np.float64)
    # sums of ones below 2**53 are exact in whatever order matrix multiplication adds them
    both, first, together = present.T @ present, high.T @ present, high.T @ high
    i, j = np.triu_indices(marks.shape[1], 1)
    n, one, other, highs = both[i, j], first[i, j], first[j, i], together[i, j]
    found = np.stack([n - one - other + highs, other - highs, one - highs, highs], axis=1)
    return np.rint(found).astype(np.int64)


def phi(table: NDArray[np.int64]) -> Matrix:
    """Give the correlation φ of each 2 x 2 table [..., 4] (Yule 1912); 0 where a margin is empty.

    >>> phi(np.array([[5, 0, 0, 5], [5, 5, 5, 5]])).tolist()
    [1.0, 0.0]
    """
    low, right, left, high = np.moveaxis(table.astype(np.float64), -1, 0)
    margins = (low + right) * (left + high) * (low + left) * (right + high)
    spread = np.sqrt(np.where(margins > 0.0, margins, np.inf))
    found: Matrix = (low * high - left * right) / spread
    return found


def scores(marks: Matrix, weights: Sequence[int]) -> Matrix:
    """Score each row [rows]: the sum over pairs of weight · mark · mark, a whole number.

    With the signs of correlations as weights it is how far a row follows the dependence that there was.

    >>> scores(np.array([[1.0, 1.0, -1.0], [1.0, -1.0, 0.0]]), [3, 1, -2]).tolist()
    [4.0, -3.0]
    """
    k = marks.shape[1]
    matrix = np.zeros((k, k))
    matrix[np.triu_indices(k, 1)] = weights
    found: Matrix = ((marks @ matrix) * marks).sum(axis=1)
    return found
