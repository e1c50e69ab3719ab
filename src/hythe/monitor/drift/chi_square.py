"""Pearson's chi-square of two distributions over cells (1900), and exact tests of each cell."""

from __future__ import annotations

import numpy as np

from hythe.monitor.drift.pair import Floats, Pair
from hythe.statistics.hypergeometric import log_tail


def statistic(pair: Pair) -> Floats:
    """Give Σ (observed - expected)² / expected over both samples and all cells that are not empty in both.

    >>> from hythe.statistics.bins import ValueBins
    >>> pair = Pair.of(ValueBins(("a", "b")), (0, 60, 40, 0), (0, 40, 60, 0))
    >>> float(statistic(pair)), round(float(cramers_v(pair)), 6)
    (8.0, 0.2)
    """
    totals = pair.baseline + pair.window
    n, m = pair.window.sum(axis=-1, keepdims=True), pair.baseline.sum(axis=-1, keepdims=True)
    total = np.maximum(n + m, 1.0)
    expected = np.maximum(totals * n / total, 1e-300), np.maximum(totals * m / total, 1e-300)
    parts = (pair.window - expected[0]) ** 2 / expected[0] + (pair.baseline - expected[1]) ** 2 / expected[1]
    return np.asarray(np.where(totals > 0.0, parts, 0.0).sum(axis=-1))


def cramers_v(pair: Pair) -> Floats:
    """Give Cramér's V (1946) of sample and cell, from 0 to 1: √(chi-square / rows of both samples)."""
    total = pair.baseline.sum(axis=-1) + pair.window.sum(axis=-1)
    return np.asarray(np.sqrt(statistic(pair) / np.maximum(total, 1.0)))


def log_p(pair: Pair) -> Floats:
    """Bound the logarithm of the p-value that each cell makes up as much of both samples.

    Chi-square's own distribution is far off where cells are sparse, so each cell has Fisher's exact test on
    both sides, and the least p-value counts, corrected for how many there are. Missing and NaN have a half
    of it, where there are any. Of the other cells, k of which the baseline chose by its own rows, the window
    may have more: by selection the baseline has rather too many, so Bonferroni over k is enough. Or it may
    have less: then a cell with a share s of both samples has s of the p-value. These shares add up to one
    whichever cells are chosen, and do not hang on which rows are the window's. What the baseline does not
    name is no single value: `hythe.monitor.drift.rare` looks at that.
    """
    n, m = pair.window.sum(axis=-1, keepdims=True), pair.baseline.sum(axis=-1, keepdims=True)
    totals = pair.baseline + pair.window
    more, less = log_tail(pair.window, totals, n, m), log_tail(pair.baseline, totals, m, n)
    fixed, free = slice(None, pair.fixed), slice(pair.fixed, None)
    kinds = (totals[..., fixed] > 0.0).sum(axis=-1)
    either = np.minimum(more[..., fixed], less[..., fixed]).min(axis=-1) + np.log(2.0 * np.maximum(kinds, 1))
    cells = pair.bins.cells - pair.fixed
    named = cells if pair.ordered else cells - 1
    fewer = less[..., free] + np.log(np.maximum(totals.sum(axis=-1, keepdims=True), 1.0))
    fewer = fewer - np.log(np.maximum(totals[..., free], 1.0))
    gained = more[..., free][..., :named].min(axis=-1, initial=0.0) + np.log(max(named, 1))
    moved = np.minimum(gained, fewer.min(axis=-1, initial=0.0)) + np.log(2.0)
    found = np.where(kinds > 0, np.minimum(either, moved) + np.log(2.0), moved)
    return np.asarray(np.minimum(found, 0.0))
