"""How sure a median is."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import binom


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Give the interval of order statistics that holds the median with at least this confidence.

    Source: Conover, Practical Nonparametric Statistics (3rd ed., 1999), section 3.2. With fewer than six
    values no such interval exists at 95%; the whole range is given.
    """
    ordered, count = sorted(values), len(values)
    below = int(binom.ppf((1 - confidence) / 2, count, 0.5))
    while below > 0 and binom.cdf(below - 1, count, 0.5) > (1 - confidence) / 2:
        below -= 1
    at = max(below - 1, 0)
    return ordered[at], ordered[count - 1 - at]
