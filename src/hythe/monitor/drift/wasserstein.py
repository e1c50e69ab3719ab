"""How far values moved: the first Wasserstein distance, from counts, and tests of mean and spread."""

from __future__ import annotations

import numpy as np

from hythe.monitor.drift.pair import Floats, Pair
from hythe.statistics.bins import NumberBins
from hythe.statistics.normal_scores import normal_scores
from hythe.statistics.permutation import log_p_score

OF_MEAN = 0.9
"""The share of the p-value that a shift of the mean has; a stretch has the rest."""


def distance(pair: Pair, lowest: float | None = None, highest: float | None = None) -> float:
    """Give ∫ |F - G| of one feature's numbers, in their own unit.

    Within a bin values are taken to be spread evenly; those below and above reach to `lowest` and `highest`,
    and lie at the nearest border where these are None. It is off by no more than `error`.

    >>> bins = NumberBins((0.0, 1.0, 2.0), 3.0)
    >>> pair = Pair.of(bins, (0, 0, 0, 10, 0, 0, 0), (0, 0, 0, 0, 0, 10, 0))
    >>> round(distance(pair), 6), error(pair)
    (2.0, 2.0)
    """
    ends = _ends(pair.bins, lowest, highest)
    if not len(ends):
        return 0.0
    one, other = (np.concatenate([[0.0], _below(cells)]) for cells in pair.present)
    apart = one - other
    left, right = np.abs(apart[:-1]), np.abs(apart[1:])
    crosses = apart[:-1] * apart[1:] < 0.0
    straight = (left + right) / 2.0
    crossed = (left**2 + right**2) / np.maximum(2.0 * (left + right), 1e-300)
    return float((np.diff(ends) * np.where(crosses, crossed, straight)).sum())


def error(pair: Pair, lowest: float | None = None, highest: float | None = None) -> float:
    """Bound how far `distance` is off: each bin's width times the greater of its two shares."""
    ends = _ends(pair.bins, lowest, highest)
    if not len(ends):
        return 0.0
    one, other = (cells / max(cells.sum(), 1.0) for cells in pair.present)
    return float((np.diff(ends) * np.maximum(one, other)).sum())


def log_p(pair: Pair, *, averages: bool = False) -> Floats:
    """Bound the logarithm of the p-value that values neither moved nor spread.

    Nine tenths of it are for the mean of normal scores (van der Waerden 1952), a tenth is for the mean of
    their squares (Klotz 1962), scores among both samples' values together, one for each cell; see
    `hythe.statistics.permutation`, for what `averages` are, too.
    """
    baseline, window = pair.present
    scores = normal_scores(baseline + window)
    mean, spread = (log_p_score(window, baseline, score, averages=averages) for score in scores)
    both = np.minimum(mean - np.log(OF_MEAN), spread - np.log1p(-OF_MEAN))
    return np.asarray(np.minimum(both, 0.0))


def _ends(bins: object, lowest: float | None, highest: float | None) -> Floats:
    """Give where the cells of numbers begin and, last, end; nothing where there are no bins."""
    if not isinstance(bins, NumberBins) or bins.high is None:
        return np.empty(0)
    first = bins.lefts[0] if lowest is None else min(lowest, bins.lefts[0])
    last = bins.high if highest is None else max(highest, bins.high)
    return np.array([first, *bins.lefts, bins.high, last])


def _below(cells: Floats) -> Floats:
    return np.asarray(np.cumsum(cells) / max(float(cells.sum()), 1.0))
