"""Pearson's chi-square of two distributions over cells (1900), and exact tests of each cell."""

from __future__ import annotations

import numpy as np

from hythe.monitor.drift.pair import Floats, Pair
from hythe.statistics.hypergeometric import log_tails

_LENGTHS = (2, 4, 8)
_FEWEST_BLOCKS = 4


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
    of it, where there are any. Cells of numbers are tested one by one and in blocks of 2, 4 and 8 neighbours:
    a stretch of values that grows shows in the block of its own length with the fewest rows. Each length
    has as much of what is left.
    """
    moved = [_moved(pair, length) for length in _lengths(pair)]
    least = np.minimum.reduce(moved) + np.log(len(moved))
    totals = (pair.baseline + pair.window)[..., : pair.fixed]
    kinds = (totals > 0.0).sum(axis=-1)
    more, less = _tails(pair, pair.window[..., : pair.fixed], totals)
    either = np.minimum(more, less).min(axis=-1) + np.log(2.0 * np.maximum(kinds, 1))
    found = np.where(kinds > 0, np.minimum(either, least) + np.log(2.0), least)
    return np.asarray(np.minimum(found, 0.0))


def _lengths(pair: Pair) -> list[int]:
    """Choose how many cells make a block: of values each stands for itself, of numbers up to 8 do."""
    cells = pair.bins.cells - pair.fixed
    return [1, *(length for length in _LENGTHS if pair.ordered and length * _FEWEST_BLOCKS <= cells)]


def _moved(pair: Pair, length: int) -> Floats:
    """Bound the log p-value that each block of cells, which the baseline chose by its own rows, is as large.

    The window may have more: by selection the baseline has rather too many, so Bonferroni over the k blocks
    is enough. Or it may have less: then a block with a share s of both samples has s of the p-value. These
    shares add up to one whichever blocks are chosen, and do not hang on which rows are the window's. What
    the baseline does not name is no single value: `hythe.monitor.drift.rare` looks at that.
    """
    baseline, window = (np.add.reduceat(cells, np.arange(0, cells.shape[-1], length), axis=-1)
                        for cells in pair.present)  # fmt: skip
    totals = baseline + window
    more, less = _tails(pair, window, totals)
    named = totals.shape[-1] - (not pair.ordered)
    gained = more[..., :named].min(axis=-1, initial=0.0) + np.log(max(named, 1))
    both = np.maximum((pair.baseline + pair.window).sum(axis=-1, keepdims=True), 1.0)
    lost = (less + np.log(both / np.maximum(totals, 1.0))).min(axis=-1, initial=0.0)
    return np.asarray(np.minimum(gained, lost) + np.log(2.0))


def _tails(pair: Pair, window: Floats, totals: Floats) -> tuple[Floats, Floats]:
    """Bound the log probabilities that the window has so many of each total, or more; and so few, or less."""
    n, m = pair.window.sum(axis=-1, keepdims=True), pair.baseline.sum(axis=-1, keepdims=True)
    return log_tails(window, totals, n, m)
