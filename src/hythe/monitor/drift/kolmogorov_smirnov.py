"""The greatest distance of two distribution functions (Kolmogorov 1933, Smirnov 1939), from counts."""

from __future__ import annotations

import numpy as np

from hythe.monitor.drift.pair import Floats, Pair
from hythe.statistics.cuts import log_p_cuts


def distance(pair: Pair) -> Floats:
    """Give the greatest distance at a border of the bins, over the values that are there, from 0 to 1.

    It is at most that over all values, and less by no more than the largest cell's share: `error`.

    >>> from hythe.statistics.bins import NumberBins
    >>> pair = Pair.of(NumberBins((0.0, 1.0), 2.0), (0, 0, 0, 50, 50, 0), (0, 0, 0, 80, 20, 0))
    >>> round(float(distance(pair)), 3)
    0.3
    """
    one, other = (_below(cells) for cells in pair.present)
    return np.asarray(np.abs(one - other).max(axis=-1, initial=0.0))


def error(pair: Pair) -> Floats:
    """Say by how much the distance over all values, not only at borders, can be greater."""
    one, other = (cells / np.maximum(cells.sum(axis=-1, keepdims=True), 1.0) for cells in pair.present)
    return np.asarray(np.maximum(one, other).max(axis=-1, initial=0.0))


def log_p(pair: Pair) -> Floats:
    """Bound the logarithm of the p-value that values are distributed alike below every border.

    By the distance, with P(D ≥ x) ≤ e · exp(-2 x² n m / (n + m)) (Wei & Dudley 2012: proven for n = m; for
    others 2 in e's place was found for n ≤ 200 and is conjectured), and by exact tests of the counts below
    borders, which are sharper in the tails (`hythe.statistics.cuts`); each with half of the p-value.
    """
    baseline, window = pair.present
    n, m = window.sum(axis=-1), baseline.sum(axis=-1)
    by_distance = 1.0 - 2.0 * distance(pair) ** 2 * n * m / np.maximum(n + m, 1.0)
    both = np.minimum(by_distance, log_p_cuts(window, baseline)) + np.log(2.0)
    return np.asarray(np.where((n > 0.0) & (m > 0.0), np.minimum(both, 0.0), 0.0))


def _below(cells: Floats) -> Floats:
    return np.asarray(np.cumsum(cells, axis=-1) / np.maximum(cells.sum(axis=-1, keepdims=True), 1.0))
