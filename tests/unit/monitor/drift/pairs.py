"""Pairs of counts of real draws, and the draws themselves for other libraries to judge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.pair import Pair
from hythe.statistics.bins import quantile_bins, top_values

Array = NDArray[Any]


def numbers(baseline: Array, window: Array) -> Pair:
    """Count numbers over the baseline's own bins."""
    bins = quantile_bins(baseline)
    return Pair.of(bins, bins.count(baseline), bins.count(window))


def values(baseline: list[Any], window: list[Any]) -> Pair:
    """Count values over the baseline's own bins."""
    bins = top_values(baseline)
    return Pair.of(bins, bins.count(baseline), bins.count(window))


def normals(rng: np.random.Generator, m: int, n: int, shift: float = 0.0, scale: float = 1.0) -> Pair:
    """Count draws of a normal distribution, the window's moved and stretched."""
    return numbers(rng.normal(size=m), rng.normal(shift, scale, n))
