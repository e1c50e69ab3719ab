"""Pairs of counts of real draws, and the draws themselves for other libraries to judge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.pair import Pair
from hythe.statistics.bins import NumberBins, quantile_bins, top_values

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


def clean(rng: np.random.Generator, m: int, n: int, repeats: int) -> Pair:
    """Count windows [repeats, cells] of n draws beside baselines of m, of one continuous distribution.

    The baseline's m values part all that could be drawn into m + 1 stretches that are as likely, whatever
    the distribution; its bins are as many of them each, so the shares of the bins are Dirichlet.
    """
    values_a_bin = np.bincount(np.arange(m) * 64 // m, minlength=64)
    beyond = np.array([0.5, 0.5])
    shares = rng.standard_gamma(np.concatenate([values_a_bin, beyond]), size=(repeats, 66))
    drawn = rng.multinomial(n, shares / shares.sum(axis=1, keepdims=True))
    baseline, window = np.zeros((2, repeats, 68))
    baseline[:, 3:-1], window[:, 3:-1] = values_a_bin, drawn[:, :64]
    window[:, [2, 67]] = drawn[:, 64:]
    return Pair(NumberBins(tuple(range(64)), 64.0), baseline, window)
