"""The Jensen-Shannon distance of two distributions over cells (Lin 1991)."""

from __future__ import annotations

import numpy as np

from hythe.monitor.drift.pair import Floats, Pair
from hythe.monitor.drift.rare import usual
from hythe.statistics.relative_entropy import log_p_entropy, relative_entropy

MOST_GROUPS = 16


def distance(pair: Pair) -> Floats:
    """Give the square root of the divergence in bits, over all cells, missing included: from 0 to 1.

    >>> from hythe.statistics.bins import ValueBins
    >>> pair = Pair.of(ValueBins(("a", "b")), (0, 100, 0, 0), (0, 0, 10, 0))
    >>> float(distance(pair))
    1.0
    """
    one, other = pair.shares()
    middle = (one + other) / 2.0
    divergence = (relative_entropy(one, middle) + relative_entropy(other, middle)) / 2.0
    return np.asarray(np.sqrt(np.clip(divergence / np.log(2.0), 0.0, 1.0)))


def log_p(pair: Pair) -> Floats:
    """Bound the logarithm of the p-value that cells are shared out alike, however the change is spread.

    Each cell's relative entropy adds up, so many small changes count together; see
    `hythe.statistics.relative_entropy`. Numbers' cells are taken in at most 16 groups of neighbours, and
    values that are rare, or not among the known ones, as one group.
    """
    return log_p_entropy(*_grouped(pair)) if pair.ordered else log_p_entropy(*usual(pair))


def _grouped(pair: Pair) -> tuple[Floats, Floats]:
    """Give the window's and the baseline's counts, missing and NaN first, then groups of neighbours."""
    cells = pair.bins.cells - pair.fixed
    firsts = np.unique(np.arange(MOST_GROUPS) * cells // MOST_GROUPS) + pair.fixed
    places = np.concatenate([np.arange(pair.fixed), firsts]).astype(np.intp)
    return np.add.reduceat(pair.window, places, axis=-1), np.add.reduceat(pair.baseline, places, axis=-1)
