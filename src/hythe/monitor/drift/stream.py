"""Streams of losses and scores made fit for detectors that know neither seasons nor memory nor outliers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hythe.base.clock import DAY_S
from hythe.base.errors import Invalid

Floats = NDArray[np.float64]
LEAST_LEARNED = 200
"""How many values it takes to know how a stream varies."""
_EXTREME = 0.001
_HOURS = 24
_FEWEST_BLOCKS = 50


class Stream(NamedTuple):
    """A stream in standard deviations from its mean, in blocks of `block` values that are about independent.

    `times` are the seconds (UTC) of each block's last value; the first `learned` blocks are those that were
    learned from. `mean` and `spread` take a block back to the unit of the values: mean + spread · value.
    """

    times: NDArray[np.int64]
    values: Floats
    learned: int
    block: int
    mean: float
    spread: float

    def expected(self, horizon_s: float) -> float:
        """Say how many blocks come in so many seconds, at the pace of the learned ones."""
        span = float(self.times[self.learned - 1] - self.times[0])
        return max(1.0, horizon_s * (self.learned - 1) / max(span, 1.0))


def prepare(
    times: Sequence[int] | NDArray[np.int64],
    values: Sequence[float] | Floats,
    learn_until: int,
    *,
    seasonal: bool = False,
) -> Stream:
    """Prepare values in order of their times (UTC seconds); those before `learn_until` say what is normal.

    Values that are no numbers are left out. With `seasonal` the mean of each hour of the day is taken away,
    once two days were learned from. Values beyond the learned thousandths at both ends count as those, so
    that a few outliers are no change. Means of blocks are taken that are long enough to be about independent:
    by the long-run variance (Geyer 1992, section 3.3) over the variance.

    Raises:
        Invalid: when fewer than 200 values, or 50 blocks, were learned from.

    """
    at, found = np.asarray(times, dtype=np.int64), np.asarray(values, dtype=np.float64)
    kept = np.isfinite(found)
    at, found = at[kept], found[kept]
    learned = int(np.searchsorted(at, learn_until))
    if learned < LEAST_LEARNED:
        raise Invalid(
            f"{learned} values came while learning, and {LEAST_LEARNED} are needed to know how they vary; "
            "learn from a longer time"
        )
    if seasonal:
        found = _without_hours(at, found, learned)
    low, high = np.quantile(found[:learned], [_EXTREME, 1.0 - _EXTREME])
    found = np.clip(found, low, high)
    block = _block(found[:learned])
    blocks = learned // block
    if blocks < _FEWEST_BLOCKS:
        raise Invalid(
            f"values that follow each other are alike for about {block}, and the {learned} that came while "
            f"learning are fewer than {_FEWEST_BLOCKS} times that; learn from a longer time"
        )
    whole = len(found) // block * block
    means = found[:whole].reshape(-1, block).mean(axis=1)
    mean, spread = float(means[:blocks].mean()), float(means[:blocks].std(ddof=1)) or 1.0
    return Stream(at[block - 1 : whole : block], (means - mean) / spread, blocks, block, mean, spread)


def _without_hours(times: NDArray[np.int64], values: Floats, learned: int) -> Floats:
    """Take each hour's learned mean away, and add that of all; hours that were not learned stay."""
    if times[learned - 1] - times[0] < 2 * DAY_S:
        return values
    hours = times % DAY_S // (DAY_S // _HOURS)
    n = np.bincount(hours[:learned], minlength=_HOURS)
    whole = values[:learned].mean()
    usual = np.bincount(hours[:learned], values[:learned], minlength=_HOURS) / np.maximum(n, 1)
    found: Floats = values - np.where(n > 0, usual - whole, 0.0)[hours]
    return found


def _block(values: Floats) -> int:
    """Give the length of blocks: sums of neighbouring autocovariances are added while they are positive."""
    centred = values - values.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    covariance = np.fft.irfft(power, size)[: len(centred) // 2]
    if covariance[0] <= 0.0:
        return 1
    pairs = covariance[: len(covariance) // 2 * 2].reshape(-1, 2).sum(axis=1)
    last = int(np.argmax(pairs <= 0.0)) if (pairs <= 0.0).any() else len(pairs)
    long_run = max(2.0 * float(pairs[:last].sum()) - float(covariance[0]), float(covariance[0]))
    ratio = long_run / float(covariance[0])
    noise = 1.0 + 4.0 / math.sqrt(len(centred))
    return 1 if ratio <= noise else math.ceil(2.0 * ratio)
