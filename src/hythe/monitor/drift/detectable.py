"""What change could be detected at all, at a stated rate, with so many rows on either side."""

from __future__ import annotations

import math
from typing import NamedTuple

from hythe.monitor.drift.evidence import NUMBERS
from hythe.monitor.drift.wasserstein import OF_MEAN
from hythe.statistics.hypergeometric import log_tail

_COST = 0.2
"""The natural logarithm of how far the bound on a mean score's p-value exceeds it."""


class Detectable(NamedTuple):
    """The smallest changes of one feature that alarm half of the time.

    `distance` is the Kolmogorov-Smirnov distance, `mean_sd` a shift of the mean in standard deviations of a
    normal feature, `missing` the share of missing values where the baseline has none. 1 or infinity means
    that no such change can alarm.
    """

    distance: float
    mean_sd: float
    missing: float


def detectable(n: int, m: int, alpha: float, tests: int = 1) -> Detectable:
    """Compute it for `n` rows of a window against `m` of the baseline, `tests` judged together at `alpha`.

    The first alarm among q tests takes a p-value of alpha / q (Benjamini & Hochberg 1995).

    >>> found = detectable(1000, 10_000, 0.0002, 30)
    >>> round(found.distance, 2), round(found.mean_sd, 2), found.missing
    (0.09, 0.15, 0.007)
    """
    from scipy.special import ndtri_exp

    if min(n, m) < 1:
        return Detectable(1.0, math.inf, 1.0)
    needed = math.log(tests / alpha)
    scale = (n + m) / (n * m)
    by_distance = needed + 1.0 + math.log(2.0 / NUMBERS["kolmogorov_smirnov"])
    by_mean = needed + math.log(2.0 / (NUMBERS["wasserstein"] * OF_MEAN)) + _COST
    return Detectable(
        min(1.0, math.sqrt(by_distance * scale / 2.0)),
        -float(ndtri_exp(-by_mean)) * math.sqrt(scale),
        _missing(n, m, needed + math.log(4.0 / NUMBERS["chi_square"])),
    )


def _missing(n: int, m: int, needed: float) -> float:
    """Find the fewest missing values that alarm where the baseline has none."""
    low, high = 0, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        enough = -float(log_tail(middle, middle, n, m)) >= needed
        low, high = (low, middle) if enough else (middle, high)
    return min(high / n, 1.0)
