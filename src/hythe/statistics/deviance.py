"""How far two shares lie apart, on the scale of a standard normal variable, far into the tails."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def signed_deviance(hits: ArrayLike, n: ArrayLike, others: ArrayLike, m: ArrayLike) -> Floats:
    """Compare the shares hits / n and others / m: the signed root of the likelihood-ratio statistic.

    Where both samples are draws of one share, `hits` given the sum of hits is hypergeometric, and half of
    the statistic is the rate at which its tails fall (Chvátal 1979). `hits` is moved half a row towards what
    is expected (Yates 1934), so that a tail of the normal distribution is hardly ever below the exact one,
    also where few hits are expected and far out, where a z-test of proportions is off by powers of ten.
    Positive where `hits` are more than expected. Arrays are broadcast; n and m are at least 1.

    >>> signed_deviance([60, 50, 40], 100, 500, 1000).round(2).tolist()
    [1.81, 0.0, -1.81]
    """
    hit, size, other, rest = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (hits, n, others, m)))
    share = (hit + other) / (size + rest)
    expected = size * share
    moved = hit - np.sign(hit - expected) * np.minimum(0.5, np.abs(hit - expected))
    rate = _rate(moved, size, share) + _rate(hit + other - moved, rest, share)
    deviance: Floats = np.sign(moved - expected) * np.sqrt(2.0 * np.maximum(rate, 0.0))
    return deviance


def _rate(hits: Floats, n: Floats, share: Floats) -> Any:
    """Give n times the Kullback-Leibler divergence of hits / n from `share`."""
    from scipy.special import xlogy

    with np.errstate(divide="ignore", invalid="ignore"):
        found = xlogy(hits, hits / (n * share)) + xlogy(n - hits, (n - hits) / (n * (1.0 - share)))
    return np.where((share > 0.0) & (share < 1.0), found, 0.0)
