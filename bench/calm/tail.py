"""How often a feature's p-value is tiny although nothing drifts: by importance sampling, as far out as 1e-9.

Without drift the population's shares of a baseline's cells are gamma variables over their sum, and a window
is multinomial. Both are drawn tilted along a score, so that the window seems to have moved, and each draw is
weighted by how much likelier the tilt made it. The mean weight of those with p <= x is an unbiased estimate
of the probability of such p-values; it sees those in that direction.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calm import counts
from calm.endpoints import least_log_p
from hythe.monitor.drift.pair import Pair
from hythe.statistics.normal_scores import normal_scores

Floats = NDArray[np.float64]
DIRECTIONS = ("mean", "spread")


class Found(NamedTuple):
    """P(p <= x) / x in one direction, with its standard error."""

    ratio: float
    error: float


def ratio(rng: np.random.Generator, m: int, n: int, direction: str, x: float, draws: int) -> Found:
    """Estimate P(p <= x) / x in a direction, under the tilt that puts the window about that far out."""
    bins, baseline = counts.baseline_of(m)
    gaps = counts.gaps(baseline)
    score = _score(gaps, direction)
    variance = float((score**2 * gaps).sum() / gaps.sum())
    slope = (np.sqrt(-2.0 * np.log(x)) + 0.8) / np.sqrt(variance * n * m / (n + m))
    grown = np.exp(slope * score * n / (n + m))
    gamma = rng.standard_gamma(gaps, size=(draws, len(gaps))) * grown
    logs = (gaps * np.log(grown)).sum() - (gamma * (1.0 - 1.0 / grown)).sum(axis=1)
    tilt = np.exp(slope * score * m / (n + m))
    tilted = gamma / gamma.sum(axis=1, keepdims=True) * tilt
    whole = tilted.sum(axis=1)
    drawn = np.array([rng.multinomial(n, each) for each in tilted / whole[:, None]])
    logs += n * np.log(whole) - drawn @ np.log(tilt)
    window = np.pad(drawn, [(0, 0), (2, 0)]).astype(np.float64)
    far = least_log_p(Pair(bins, np.broadcast_to(baseline, window.shape), window)) <= np.log(x)
    weights = np.exp(logs) * far / x
    return Found(float(weights.mean()), float(weights.std(ddof=1) / np.sqrt(draws)))


def _score(gaps: Floats, direction: str) -> Floats:
    """Give the normal score of each cell, or that of its square: both are 0 on average."""
    return np.asarray(normal_scores(gaps)._asdict()[direction])
