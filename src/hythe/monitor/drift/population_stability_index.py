"""The population stability index: the sum of both relative entropies of two distributions over cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.pair import Floats, Pair


def index(pair: Pair) -> Floats:
    """Give Σ (q - p) ln(q / p) over the cells that are not empty in both, missing included.

    Half a row is added to each of them, so that an empty cell gives a finite figure.

    >>> from hythe.statistics.bins import ValueBins
    >>> pair = Pair.of(ValueBins(("a", "b")), (0, 5000, 5000, 0), (0, 6000, 4000, 0))
    >>> round(float(index(pair)), 4), float(expected(pair))
    (0.0405, 0.0002)
    """
    used = pair.baseline + pair.window > 0.0
    one, other = _smoothed(pair.baseline, used), _smoothed(pair.window, used)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(used, (other - one) * np.log(other / one), 0.0)
    return np.asarray(parts.sum(axis=-1))


def expected(pair: Pair) -> Floats:
    """Give the index that chance alone makes: (k - 1)(1/n + 1/m), k the cells not empty in both.

    Under no drift the index is about (1/n + 1/m) times chi-square with k - 1 degrees of freedom (Yurdakul
    2018, theorem 4.2), where cells hold some five rows or more. A fixed limit such as 0.1 means nothing
    without it.
    """
    used = (pair.baseline + pair.window > 0.0).sum(axis=-1)
    return np.asarray((used - 1.0).clip(min=0.0) * _scale(pair))


def _scale(pair: Pair) -> Floats:
    n, m = pair.window.sum(axis=-1), pair.baseline.sum(axis=-1)
    return np.asarray(1.0 / np.maximum(n, 1.0) + 1.0 / np.maximum(m, 1.0))


def _smoothed(cells: Floats, used: NDArray[np.bool_]) -> Floats:
    added = np.where(used, cells + 0.5, 0.0)
    return np.asarray(added / np.maximum(added.sum(axis=-1, keepdims=True), 1e-300))
