"""Counts of clean endpoints, drawn as counts: exactly what counting so many drawn rows would give.

For m continuous values the borders of the baseline's bins have fixed ranks, so its counts are known, and
the shares of the bins in the population are Dirichlet with these counts; the window's counts are multinomial
given the shares. Values of a finite set are multinomial on both sides, and named by their frequency.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.pair import Pair
from hythe.statistics.bins import MOST_BINS, NumberBins, ValueBins, quantile_bins

Floats = NDArray[np.float64]
MISSING = (0.0, 0.0, 0.05)
"""Shares of missing values that features take in turn."""
SUPPORT = 200
_OF_ALL = ValueBins(tuple(range(MOST_BINS)))


def numbers(rng: np.random.Generator, m: int, n: int, features: int) -> Pair:
    """Draw the counts of continuous features, one baseline and one window each; some miss values."""
    absent = np.resize(MISSING, features)
    before, now = rng.binomial(m, absent), rng.binomial(n, absent)
    made = [baseline_of(m - gone) for gone in before]
    cells = max(bins.cells for bins, _ in made)
    baseline, window = np.zeros((features, cells)), np.zeros((features, cells))
    for place, (bins, counts) in enumerate(made):
        baseline[place, : bins.cells] = counts
        baseline[place, 0] = before[place]
        window[place, 2 : bins.cells] = rng.multinomial(n - now[place], shares(rng, counts))
        window[place, 0] = now[place]
    return Pair(NumberBins(tuple(range(cells - 4)), cells - 4.0), baseline, window)


def shares(rng: np.random.Generator, baseline: Floats) -> Floats:
    """Draw what the shares of the population are in cells of numbers, given the baseline's counts."""
    gamma = rng.standard_gamma(gaps(baseline))
    return np.asarray(gamma / gamma.sum())


def gaps(baseline: Floats) -> Floats:
    """Give how many of the gaps between its m values each cell of numbers of a baseline covers.

    The m values part the population into m + 1 gaps of equal rank. Each bin begins at a value and has as many
    gaps as values, but for the last one, which is closed and ends at a value; one gap lies beyond each end.
    """
    found = baseline[2:].copy()
    found[0] += 1.0
    found[-2:] += (-1.0, 1.0)
    return found


@lru_cache(maxsize=1024)
def baseline_of(m: int) -> tuple[NumberBins, Floats]:
    """Give the bins of any m distinct values, in units of ranks, and the baseline's counts in them."""
    ranks = np.arange(m, dtype=np.float64)
    bins = quantile_bins(ranks)
    return bins, bins.count(ranks).astype(np.float64)


def values(rng: np.random.Generator, m: int, n: int, features: int) -> Pair:
    """Draw the counts of features of 200 values, frequent ones and rare ones; some miss values."""
    frequent = np.arange(1, SUPPORT + 1) ** -np.linspace(0.5, 2.0, features)[:, None]
    absent = np.resize(MISSING, features)[:, None]
    population = np.concatenate(
        [absent, frequent / frequent.sum(axis=1, keepdims=True) * (1 - absent)], axis=1
    )
    before, now = rng.multinomial(m, population), rng.multinomial(n, population)
    order = np.argsort(-before[:, 1:], axis=1, kind="stable")[:, :MOST_BINS] + 1
    named = np.take_along_axis(before, order, axis=1)
    seen = np.where(named > 0, np.take_along_axis(now, order, axis=1), 0)
    return Pair(_OF_ALL, _with_rest(before, named), _with_rest(now, seen))


def _with_rest(counts: NDArray[np.int64], named: NDArray[np.int64]) -> Floats:
    """Give missing, the named values, and last all others."""
    rest = counts[:, 1:].sum(axis=1) - named.sum(axis=1)
    return np.concatenate([counts[:, :1], named, rest[:, None]], axis=1).astype(np.float64)
