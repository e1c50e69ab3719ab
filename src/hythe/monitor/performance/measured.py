"""What a metric comes to over some rows: its value, how sure that is, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.performance.intervals import (
    Interval,
    clopper_pearson,
    clustered_rate,
    root,
    student,
    within_unit,
)

Floats: TypeAlias = NDArray[np.float64]
Units: TypeAlias = NDArray[np.intp]
"""The unit of each row, from 0: rows of one sticky key are one unit."""
PAIR = 2
"""Of so many classes, what is told of one tells all of the other."""
Better: TypeAlias = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A metric over `n` rows of `units` independent units; `error` is its standard error.

    `interval` covers what the metric would be over all rows like these, at a level such as 0.95.
    """

    name: str
    value: float
    n: int
    units: int
    error: float
    better: Better
    interval: Callable[[float], Interval]


@dataclass(frozen=True, slots=True)
class Undefined:
    """A metric that these rows have not, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is estimated of `rows` answered rows.

    `unknown` is the share of them of which the reference says nothing: whose score lies where it had none,
    or, the largest over features, whose value does.
    """

    rows: int
    unknown: float
    metrics: tuple[Measured, ...]


Metric: TypeAlias = Measured | Undefined


def robust_error(influence: Floats, units: Units | None) -> tuple[float, int]:
    """Give the standard error of a statistic from what each row moves it by, and the number of units.

    `influence` has mean 0, and its mean is the statistic's first-order error; rows of one unit are added up
    before they are squared (linearisation: Binder 1983; clusters: Liang and Zeger 1986). Infinite for one.

    >>> values = np.array([1.0, 2.0, 3.0])
    >>> error, units = robust_error(values - values.mean(), None)
    >>> round(error, 6), units
    (0.57735, 3)
    """
    sums = influence if units is None else np.bincount(units, weights=influence)
    count = len(sums)
    if count < 2:  # noqa: PLR2004 - one unit says nothing of variation
        return math.inf, count
    squares = float(np.dot(sums, sums)) * count / (count - 1)
    return math.sqrt(squares) / len(influence), count


def share(name: str, hits: NDArray[np.bool_], among: NDArray[np.bool_], units: Units | None) -> Measured:
    """Measure how many of the rows `among` which we look are `hits`; there has to be one."""
    n = int(among.sum())
    rate = float(hits[among].sum()) / n
    if units is None:
        error = math.sqrt(rate * (1.0 - rate) / n)
        interval = partial(clopper_pearson, rate * n, float(n))
        return Measured(name=name, value=rate, n=n, units=n, error=error, better="higher", interval=interval)
    influence = np.where(among, hits - rate, 0.0) * (len(hits) / n)
    error, _ = robust_error(influence, units)
    count = len(np.unique(units[among]))
    variance = rate * (1.0 - rate)
    # Where all rows agree, no variation was seen to tell how alike the rows of a unit are.
    effective = min(float(n), variance / error**2) if variance > 0 and error > 0 else float(count)
    interval = partial(clustered_rate, rate, float(n), effective, count)
    return Measured(name=name, value=rate, n=n, units=count, error=error, better="higher", interval=interval)


def average(name: str, values: Floats, units: Units | None, better: Better = "lower") -> Measured:
    """Measure a mean of finite values."""
    mean = float(values.mean())
    error, count = robust_error(values - mean, units)
    interval = partial(student, mean, error, count)
    return Measured(
        name=name, value=mean, n=len(values), units=count, error=error, better=better, interval=interval
    )


def root_of_average(name: str, squares: Floats, units: Units | None) -> Measured:
    """Measure the root of a mean of squares; its error by the delta method."""
    mean = float(squares.mean())
    error, count = robust_error(squares - mean, units)
    value = math.sqrt(mean)
    interval = partial(root, mean, error, count)
    spread = error / (2.0 * value) if value > 0 else 0.0
    return Measured(
        name=name, value=value, n=len(squares), units=count, error=spread, better="lower", interval=interval
    )


def in_unit(name: str, value: float, influence: Floats, units: Units | None) -> Measured:
    """Measure what lies between 0 and 1 and is better the higher, from its influence values."""
    error, count = robust_error(influence, units)
    interval = partial(within_unit, value, error, count)
    return Measured(
        name=name, value=value, n=len(influence), units=count, error=error, better="higher", interval=interval
    )
