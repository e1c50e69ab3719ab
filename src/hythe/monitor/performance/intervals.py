"""Intervals from closed forms: for rates, for bounded and unbounded means, and for what lies in 0..1."""

from __future__ import annotations

import math
import sys
from typing import TypeAlias

from hythe.statistics.clopper_pearson import rate_bounds

Interval: TypeAlias = tuple[float, float]


def clopper_pearson(hits: float, n: float, level: float) -> Interval:
    """Cover a rate after `hits` of `n` independent draws with probability `level` at least.

    Exact (Clopper and Pearson 1934); both may be fractions, as an effective number of draws is.

    >>> low, high = clopper_pearson(8, 10, 0.95)
    >>> round(low, 4), round(high, 4)
    (0.4439, 0.9748)
    """
    return rate_bounds(hits, n, (1.0 - level) / 2.0)


def clustered_rate(rate: float, n: float, effective: float, units: int, level: float) -> Interval:
    """Cover a rate over `n` rows that count as `effective` ones, estimated from `units` units.

    Korn and Graubard (1998), "Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data": Clopper and Pearson's at the effective number of rows, which is made
    smaller where few units estimated it.
    """
    if effective <= 0 or units < 2:  # noqa: PLR2004 - one unit says nothing of variation
        return 0.0, 1.0
    shrunk = effective
    if units < n:
        shrunk *= (_t(n - 1.0, level) / _t(units - 1.0, level)) ** 2
    return clopper_pearson(rate * shrunk, shrunk, level)


def student(value: float, error: float, units: int, level: float) -> Interval:
    """Cover a mean whose standard error was estimated from `units` units: value ± t · error (Student 1908).

    Exact for normal values, and near for the means of many. For a single unit it is all floats: JSON has no
    infinity, and a limit must not take its absence for an interval of nothing.
    """
    if units < 2 or not math.isfinite(error):  # noqa: PLR2004 - as above
        return -sys.float_info.max, sys.float_info.max
    reach = _t(units - 1.0, level) * error
    return value - reach, value + reach


def above_zero(value: float, error: float, units: int, level: float) -> Interval:
    """Cover a mean of what is never negative: Student's interval, cut off at 0."""
    low, high = student(value, error, units, level)
    return max(0.0, low), high


def within_unit(value: float, error: float, units: int, level: float) -> Interval:
    """Cover what lies between 0 and 1, such as an AUC: Student's interval of its logit, turned back.

    Pepe (2003), "The statistical evaluation of medical tests", section 5.2. At 0 and 1, where there is no
    logit, it is Student's own, cut off.
    """
    if not 0.0 < value < 1.0 or units < 2 or not math.isfinite(error):  # noqa: PLR2004 - as above
        low, high = student(value, error, units, level)
        return max(0.0, low), min(1.0, high)
    middle = math.log(value / (1.0 - value))
    low, high = student(middle, error / (value * (1.0 - value)), units, level)
    return _expit(low), _expit(high)


def root(square: float, error: float, units: int, level: float) -> Interval:
    """Cover the root of a mean of squares: the roots of Student's interval of that mean."""
    low, high = student(square, error, units, level)
    return math.sqrt(max(0.0, low)), math.sqrt(high)


def _t(degrees: float, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1.0 + level) / 2.0))


def _expit(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value)) if value > 0 else math.exp(value) / (1.0 + math.exp(value))
