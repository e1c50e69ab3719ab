"""Mean, variance, skewness and kurtosis of the finite values, the same in whatever order they come."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.statistics.exact import mean, total


class Moments(msgspec.Struct, frozen=True, omit_defaults=True):
    """`n` finite values: their mean, sample variance (n - 1), skewness g1 and excess kurtosis g2, and range.

    What does not exist is None: everything for no values, variance for one, skewness and kurtosis where all
    values are equal, and what is beyond the largest float.
    """

    n: int
    mean: float | None = None
    variance: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    minimum: float | None = None
    maximum: float | None = None


def moments(values: NDArray[Any]) -> Moments:
    """Compute the moments of the finite `values` (g1 and g2 as in Joanes & Gill 1998, section 2).

    >>> found = moments(np.array([1.0, 2, 3, 4, np.nan]))
    >>> found.n, found.mean, found.skewness, found.kurtosis
    (4, 2.5, 0.0, -1.36)
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    n = len(finite)
    if not n:
        return Moments(0)
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        return Moments(n, low + 0.0, 0.0 if n > 1 else None, None, None, low + 0.0, high + 0.0)
    # a power of two brings the values to at most one, so that no power of them overflows
    exponent = math.frexp(max(abs(low), abs(high)))[1]
    scaled = np.ldexp(finite, -exponent)
    centre = mean(scaled)
    apart = scaled - centre
    squares = apart * apart
    second = total(squares) / n
    third, fourth = total(squares * apart) / n, total(squares * squares) / n
    return Moments(
        n,
        _grown(centre, exponent),
        _grown(second * n / (n - 1), 2 * exponent),
        _ratio(third, second**1.5),
        _ratio(fourth, second**2, -3.0),
        low + 0.0,
        high + 0.0,
    )


def _grown(value: float, exponent: int) -> float | None:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return None


def _ratio(above: float, below: float, plus: float = 0.0) -> float | None:
    return above / below + plus if below else None
