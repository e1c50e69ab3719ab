"""Normal scores of ordered cells: what a normal sample would have where each value stands among all."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats: TypeAlias = NDArray[np.float64]
_FARTHEST = 38.0
"""The normal density beyond so many standard deviations is 0 in floating point."""


class NormalScores(NamedTuple):
    """Scores of cells [..., k], for tests of where a sample lies and of how wide it is."""

    mean: Floats
    spread: Floats


def normal_scores(totals: Floats) -> NormalScores:
    """Score each cell for counts of ordered cells [..., k], both samples together.

    The ranks that a cell holds are as many quantiles of a standard normal variable Z. `mean` is the mean of Z
    over them (van der Waerden 1952), `spread` that of Z² - 1 (Klotz 1962). A test of the mean of these scores
    finds a shift of any distribution at least as well as Student's t (Chernoff & Savage 1958), and outliers
    are quantiles like others. An empty cell scores 0.

    >>> normal_scores(np.array([1.0, 1, 2])).mean.round(3).tolist()
    [-1.271, -0.325, 0.798]
    """
    everything = np.maximum(totals.sum(axis=-1, keepdims=True), 1.0)
    ends = np.minimum(np.cumsum(totals, axis=-1) / everything, 1.0)
    borders = np.concatenate([np.zeros_like(ends[..., :1]), ends], axis=-1)
    z = np.clip(ndtri(borders), -_FARTHEST, _FARTHEST)
    density = np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi)
    share = np.where(totals > 0.0, totals / everything, np.inf)
    return NormalScores(-np.diff(density, axis=-1) / share, -np.diff(z * density, axis=-1) / share)
