"""Durations as counts in logarithmic buckets: exact, mergeable, and fine enough for a guard on p99."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

PER_DECADE = 20
_DECADES = 9
BOUNDS: NDArray[np.float64] = 1e-6 * 10.0 ** (np.arange(_DECADES * PER_DECADE + 1) / PER_DECADE)
"""Upper bounds of the buckets in seconds, from 1 µs to 1000 s, each 12.2% above the one before.

Bucket i holds durations above `BOUNDS[i - 1]` and up to `BOUNDS[i]`; the last, `len(BOUNDS)`, all longer.
"""


class Timing(msgspec.Struct, frozen=True, omit_defaults=True):
    """`n` durations: how many fell into each bucket that is not empty, and their sum in whole nanoseconds.

    >>> timing = timings(np.array([0.001, 0.002, 0.5]))
    >>> timing.n, timing.mean_s, round(timing.quantile(0.5), 5)
    (3, 0.16766666666666666, 0.00224)
    """

    n: int = 0
    total_ns: int = 0
    buckets: Mapping[int, int] = {}

    def __add__(self, other: Timing) -> Timing:
        """Merge."""
        if not other.n:
            return self
        buckets = dict(self.buckets)
        for place, count in other.buckets.items():
            buckets[place] = buckets.get(place, 0) + count
        return Timing(self.n + other.n, self.total_ns + other.total_ns, dict(sorted(buckets.items())))

    @property
    def mean_s(self) -> float:
        """The mean in seconds; 0 of nothing."""
        return self.total_ns / self.n / 1e9 if self.n else 0.0

    def quantile(self, q: float) -> float:
        """Give the upper bound, in seconds, of the bucket that holds the ⌈q·n⌉-th shortest duration.

        Infinite beyond the last bound, NaN of nothing.
        """
        if not self.n:
            return math.nan
        wanted = max(1, math.ceil(q * self.n))
        for place in sorted(self.buckets):
            wanted -= self.buckets[place]
            if wanted <= 0:
                return float(BOUNDS[place]) if place < len(BOUNDS) else math.inf
        return math.inf


def timings(seconds: NDArray[np.float64]) -> Timing:
    """Count durations in seconds; negative ones, of a clock that was set back, count as 0."""
    if not len(seconds):
        return Timing()
    counts = np.bincount(np.searchsorted(BOUNDS, seconds))
    filled = np.flatnonzero(counts)
    buckets = dict(zip(filled.tolist(), counts[filled].tolist(), strict=True))
    nanoseconds = np.rint(np.maximum(seconds, 0.0) * 1e9).astype(np.int64)
    return Timing(len(seconds), int(nanoseconds.sum()), buckets)
