"""Whether two samples differ in the mean of a score, when labels could as well have been dealt at random."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.statistics.hypergeometric import log_choose

Floats: TypeAlias = NDArray[np.float64]
_ROUNDS = 12
_CLOSE = 1e-4
_MOST_LIKELY = 0.46883
"""No number of independent events is more likely than this over their standard deviation."""
_LONGEST_STEP = 4.0
_FARTHEST = 300.0


def midranks(totals: Floats) -> Floats:
    """Give each cell's mean rank among all values, from -1 to 1, for counts of ordered cells [..., k].

    >>> midranks(np.array([1.0, 2, 1])).tolist()
    [-0.75, 0.0, 0.75]
    """
    ends = np.cumsum(totals, axis=-1)
    middle = ends - totals / 2.0
    return 2.0 * middle / np.maximum(ends[..., -1:], 1.0) - 1.0


def log_p_score(one: Floats, other: Floats, score: Floats, *, averages: bool = False) -> Floats:
    """Bound the log p-value that the mean `score` [..., k] differs, for counts by cell [..., k], two-sided.

    Given all the values, each choice of the n that make up `one` is as likely under the null. Weigh every
    choice, of any size, by e^(a size + b score): as if each value i came in by itself, with probability
    1 / (1 + e^(-a - b score_i)). The choices of n with score total s or more weigh e^(an + bs) each at
    least, for b ≥ 0, and together no more than all choices of n: Π (1 + e^(a + b score_i)) times P(n come
    in), which is at most 0.4688 / √v, v the variance of how many come in (Baillon, Cominetti & Vaisman 2016,
    theorem 1).
    The a and b that bound their number best are close to a logistic regression of the label on the score,
    so the bound is as good as the likelihood ratio, and holds at any depth.

    `averages` says that counts are sums of rows' shares of cells, not of single values; then 0.4688 / √v is
    left out, and the rest holds since ln(1 + e^x) is convex.

    >>> score = np.array([-1.0, 0.0, 1.0])
    >>> bool(log_p_score(np.array([0.0, 5, 95]), np.array([300.0, 400, 300]), score) < -40)
    True
    """
    n, m = one.sum(axis=-1), other.sum(axis=-1)
    best = _least_bound(one, one + other, score, averages=averages)
    found = np.log(2.0) - log_choose(n + m, n) + best
    return np.asarray(np.where((n > 0.0) & (m > 0.0), np.minimum(found, 0.0), 0.0))


def _least_bound(one: Floats, totals: Floats, score: Floats, *, averages: bool) -> Floats:
    """Bound the log number of choices, at the points that Newton's method tries for the regression.

    Every point gives a valid bound, so nothing hangs on how well it converges.
    """
    n, everything = one.sum(axis=-1), totals.sum(axis=-1)
    hits = (one * score).sum(axis=-1)
    level = np.log(np.maximum(n, 0.5) / np.maximum(everything - n, 0.5))
    slope = np.zeros_like(level)
    best = np.full_like(level, np.inf)
    for _ in range(_ROUNDS):
        at = level[..., None] + slope[..., None] * score
        log_sum = np.logaddexp(0.0, at)
        share = np.exp(at - log_sum)
        spread = totals * share * (1.0 - share)
        a, b = spread.sum(axis=-1), (spread * score).sum(axis=-1)
        likeliest = 0.0 if averages else np.log(np.minimum(_MOST_LIKELY / np.sqrt(np.maximum(a, 1e-9)), 1.0))
        best = np.minimum(best, (totals * log_sum).sum(axis=-1) - n * level - hits * slope + likeliest)
        by_level, by_slope = n - (totals * share).sum(axis=-1), hits - (totals * share * score).sum(axis=-1)
        c = (spread * score**2).sum(axis=-1)
        below = np.maximum(a * c - b * b, 1e-12 * np.maximum(a * c, 1e-300))
        before = slope
        level = _moved(level, (c * by_level - b * by_slope) / below)
        slope = _moved(slope, (a * by_slope - b * by_level) / below)
        if np.abs(slope - before).max(initial=0.0) < _CLOSE:
            break
    return np.asarray(best)


def _moved(value: Floats, step: Floats) -> Floats:
    finite = np.where(np.isfinite(step), step, 0.0)
    near = np.clip(finite, -_LONGEST_STEP, _LONGEST_STEP)
    return np.asarray(np.clip(value + near, -_FARTHEST, _FARTHEST))
