"""Pearson's and Spearman's correlation of columns with gaps, the same in whatever order the rows come."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.statistics.exact import Matrix, gram, mean

Triangle: TypeAlias = tuple[tuple[float | None, ...], ...]
"""The part below the diagonal: `triangle[i][j]` for j < i."""


def pearson(columns: Matrix) -> Triangle:
    """Correlate columns [rows, k] over the rows where both of a pair are finite (pairwise deletion).

    None where fewer than two rows are left, or one column does not vary there.

    >>> pearson(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]))
    ((), (1.0,))
    """
    present = np.isfinite(columns)
    centred = np.zeros_like(columns)
    for index in range(columns.shape[1]):
        values = columns[present[:, index], index]
        if values.size:
            scale = np.frexp(np.abs(values).max())[1]
            scaled = np.ldexp(values, -scale)
            centred[present[:, index], index] = scaled - mean(scaled)
    return _triangle(_matrix(centred, present.astype(np.float64)))


def spearman(columns: Matrix) -> Triangle:
    """Correlate the ranks that finite values have in their own column; ties share their mean rank.

    >>> spearman(np.array([[1.0, 8.0], [2.0, 4.0], [3.0, 2.0]]))
    ((), (-1.0,))
    """
    from scipy.stats import rankdata

    ranks = np.full_like(columns, np.nan)
    for index in range(columns.shape[1]):
        present = np.isfinite(columns[:, index])
        ranks[present, index] = rankdata(columns[present, index])
    return pearson(ranks)


def _matrix(values: Matrix, present: NDArray[np.float64]) -> Matrix:
    """Correlate from sums of products; `values` are centred, and zero where not `present`."""
    both = gram(present, present)
    sums = gram(values, present)
    squares = gram(values * values, present)
    with np.errstate(divide="ignore", invalid="ignore"):
        together = gram(values, values) - sums * sums.T / both
        spread = squares - sums * sums / both
        # what rounding leaves of a column that does not vary is no variation
        spread[spread <= squares * 1e-14] = 0.0
        return np.clip(together / np.sqrt(spread * spread.T), -1.0, 1.0)


def _triangle(matrix: Matrix) -> Triangle:
    return tuple(
        tuple(float(cell) if np.isfinite(cell) else None for cell in row[:index])
        for index, row in enumerate(matrix)
    )
