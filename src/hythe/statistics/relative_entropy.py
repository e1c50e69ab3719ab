"""Relative entropy of counts, and how large it gets by chance."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def relative_entropy(shares: Floats, reference: Floats) -> Floats:
    """Give Σ p ln(p / q) of shares p and q [..., k] in nats (Kullback & Leibler 1951, equation 2.2).

    A cell with p = 0 adds nothing; one with q = 0 < p makes it infinite.

    >>> round(float(relative_entropy(np.array([0.5, 0.5]), np.array([0.25, 0.75]))), 6)
    0.143841
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(shares > 0.0, shares * np.log(shares / reference), 0.0)
    return np.asarray(parts.sum(axis=-1))


def log_p_entropy(one: Floats, other: Floats) -> Floats:
    """Bound the log p-value that two samples' shares of cells differ, however the difference is spread.

    Counts [..., k]. n times the relative entropy of the smaller sample's shares to those of both together
    has a moment generating function of at most (1 - λ)^-(k-1), where the n are drawn independently
    (Agrawal 2020, theorem 1.3); it is convex in the counts, so it is no greater when they are drawn from
    what there is without putting back (Hoeffding 1963, theorem 4). So the probability of x or more is at most
    e^-x (e x / (k - 1))^(k - 1) for x ≥ k - 1. k are the cells that are not empty in both.

    >>> a, b = np.array([50.0, 50]), np.array([500.0, 500])
    >>> float(log_p_entropy(a, b)), bool(log_p_entropy(np.array([100.0, 0]), b) < -50)
    (0.0, True)
    """
    totals = one + other
    n, m = one.sum(axis=-1), other.sum(axis=-1)
    few = np.where((n <= m)[..., None], one, other)
    size = np.maximum(few.sum(axis=-1), 1.0)
    everything = np.maximum(totals.sum(axis=-1), 1.0)[..., None]
    found = size * relative_entropy(few / size[..., None], totals / everything)
    free = np.maximum((totals > 0.0).sum(axis=-1) - 1.0, 1.0)
    bound = free - found + free * np.log(np.maximum(found, free) / free)
    return np.where(found > free, bound, 0.0)
