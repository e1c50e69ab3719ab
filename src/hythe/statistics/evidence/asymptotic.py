"""A mean without bounds: valid in the limit of many values, and never shown before there are some."""

from __future__ import annotations

import math

from hythe.base.errors import Invalid
from hythe.statistics.evidence.mixture import best_precision, two_sided

LEAST_VALUES = 100


def asymptotic_interval(
    n: int, mean: float, variance: float, alpha: float, *, expected: int = 5000
) -> tuple[float, float]:
    """Give the asymptotic confidence sequence of a mean at level 1 - `alpha`.

    `variance` is the sample's. Below `LEAST_VALUES` values it says nothing. `expected` is the number of
    values at which it is to be narrowest.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, theorem 2.2 and equation 6.

    Raises:
        Invalid: when the variance is negative or not a number.

    >>> low, high = asymptotic_interval(10_000, 0.0, 1.0, 0.05)
    >>> round(high, 3), low == -high
    (0.031, True)
    """
    if not variance >= 0.0:
        raise Invalid(f"the variance is {variance}; give 0 or more")
    if n < LEAST_VALUES:
        return -math.inf, math.inf
    reach = float(two_sided(n, alpha, best_precision(expected, alpha))) / n * math.sqrt(variance)
    return mean - reach, mean + reach
