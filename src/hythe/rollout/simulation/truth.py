"""What is taken to be true of both versions in a simulation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.rollout.guard import Guard
from hythe.rollout.metric import Metric

SPREAD = 0.2
"""The variance of bounded values as a share of the most that there can be, where nothing is known of it."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version: the true mean of each metric, and how its durations fall into the histogram's buckets.

    `means` are in the metrics' own units. `durations` are probabilities, one more than there are bounds.
    """

    means: Mapping[str, float]
    durations: tuple[float, ...]

    def mean(self, guard: Guard) -> float:
        """Give the mean of a guard's metric, as a share of its range."""
        return guard.scaled(self.means.get(guard.metric, 0.0))


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """The traffic and both versions. `bounds` are the histogram's, in seconds.

    Requests come at random, each a unit of its own. `labelled` is the share of predictions that feedback
    comes for, and it comes when the policy takes it to be mature.
    """

    requests_per_s: float
    champion: Version
    candidate: Version
    bounds: tuple[float, ...]
    labelled: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.requests_per_s) and self.requests_per_s > 0):
            raise Invalid(f"{self.requests_per_s:g} requests a second; give more than 0")
        if not 0.0 < self.labelled <= 1.0:
            raise Invalid(f"the share with feedback is {self.labelled}; give more than 0 and up to 1")
        for version in (self.champion, self.candidate):
            for name, mean in version.means.items():
                _check(name, mean)


def log_normal(p50_s: float, p99_s: float, bounds: NDArray[np.float64]) -> tuple[float, ...]:
    """Give log-normal durations with this median and this 99th percentile, in seconds, by bucket.

    Raises:
        Invalid: when the percentile is not above the median, or they are no durations.

    """
    if not 0.0 < p50_s < p99_s < math.inf:
        raise Invalid(f"the median is {p50_s:g} s and the 99th percentile {p99_s:g} s; give a longer second")
    normal = NormalDist(math.log(p50_s), math.log(p99_s / p50_s) / NormalDist().inv_cdf(0.99))
    return _between([normal.cdf(math.log(bound)) for bound in bounds])


def slower(
    durations: tuple[float, ...], bounds: NDArray[np.float64], factor: float = 1.0, more_s: float = 0.0
) -> tuple[float, ...]:
    """Give the buckets of durations that each take `factor` times as long, and `more_s` seconds more.

    Inside its bucket the logarithm of a duration is even.

    >>> slower((0.5, 0.5, 0.0, 0.0), np.array([1.0, 2.0, 4.0]), factor=2.0)
    (0.0, 0.5, 0.5, 0.0)
    """
    if not (factor > 0 and more_s >= 0):
        raise Invalid(f"durations times {factor:g}, and {more_s:g} s more, are none; give more than 0")
    known = np.cumsum(durations)[:-1]
    before = np.maximum((bounds - more_s) / factor, 1e-12)
    inner = np.interp(np.log(before), np.log(bounds), known, left=0.0)
    # Below the first bound nothing is known of the durations: they are taken to be as long as it.
    return _between(inner.tolist())


def _between(cumulated: list[float]) -> tuple[float, ...]:
    """Turn the shares up to each bound into the shares of the buckets."""
    parts = np.diff([0.0, *cumulated, 1.0])
    return tuple(np.maximum(parts, 0.0).tolist())


def _check(name: str, mean: float) -> None:
    metric = Metric.parse(name)
    if metric.scale == "quantile":
        raise Invalid(f"{name} follows from the durations; say how much slower the candidate is")
    if not math.isfinite(mean) or (not metric.needs_range and not 0.0 <= mean <= 1.0):
        raise Invalid(f"{name} is {mean:g}; give a number from 0 to 1")
