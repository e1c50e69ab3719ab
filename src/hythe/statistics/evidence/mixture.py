"""Robbins' normal mixture: the boundary that a sum of bounded surprises crosses with a stated probability."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from scipy.special import log_ndtr

_HALVINGS = 100
Boundary: TypeAlias = Callable[[Any, float, float], Any]
"""Takes the variance, alpha and the mixture's precision."""


def two_sided(variance: Any, alpha: float, precision: float) -> Any:
    """Give u with P(|S| reaches u(V) at any time) at most `alpha`, for a sub-Gaussian sum S.

    Source: Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021, equation 14. `variance` is V, a number
    or an array; `precision` is the mixture's, see `best_precision`.
    """
    total = np.asarray(variance, dtype=np.float64) + precision
    return np.sqrt(total * np.log(total / (precision * alpha**2)))


def one_sided(variance: Any, alpha: float, precision: float) -> Any:
    """Give u with P(S reaches u(V) at any time) at most `alpha` (Howard et al. 2021, proposition 5)."""
    total = np.asarray(variance, dtype=np.float64) + precision
    bar = -math.log(alpha)
    low = np.zeros_like(total)
    high = np.sqrt(2.0 * total * (bar + 0.5 * np.log(total / precision)))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        over = _log_half_normal(middle, total, precision) > bar
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return high


def best_precision(variance: float, alpha: float, boundary: Boundary = two_sided) -> float:
    """Find the mixture's precision for which the boundary is lowest at `variance`."""
    from scipy.optimize import minimize_scalar

    centre = math.log(variance)
    found = minimize_scalar(
        lambda log: float(boundary(variance, alpha, math.exp(log))),
        bounds=(centre - 15.0, centre + 15.0),
        method="bounded",
    )
    return math.exp(found.x)


def _log_half_normal(total_sum: Any, total: Any, precision: float) -> Any:
    """Give the logarithm of the mixture over positive bets."""
    spread = 0.5 * np.log(precision / total) + total_sum**2 / (2.0 * total)
    return math.log(2.0) + spread + log_ndtr(total_sum / np.sqrt(total))
