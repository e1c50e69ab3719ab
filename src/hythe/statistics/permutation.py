"""Whether two samples differ in the mean of a score, when labels could as well have been dealt at random."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.statistics.hypergeometric import log_choose

Floats: TypeAlias = NDArray[np.float64]
_ROUNDS = 12
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


def log_p_score(one: Floats, other: Floats, score: Floats) -> Floats:
    """Bound the log p-value that the mean `score` [..., k] differs, for counts by cell [..., k], two-sided.

    Given all the values, each choice of the n that make up `one` is as likely under the null. The number of
    choices with score total s or more is at most e^(-bs - an) Π (1 + e^(a + b score))^total for every a and
    b ≥ 0 (Chernoff's bound on the generating function); the best a and b are the intercept and the slope of a
    logistic regression of the label on the score. So the bound is as good as the likelihood ratio, holds
    at any depth, and costs about √(2π n m / (n + m)).

    >>> score = np.array([-1.0, 0.0, 1.0])
    >>> bool(log_p_score(np.array([0.0, 5, 95]), np.array([300.0, 400, 300]), score) < -40)
    True
    """
    totals = one + other
    n, m = one.sum(axis=-1), other.sum(axis=-1)
    best = _likelihood(one, totals, score)
    found = np.log(2.0) - log_choose(n + m, n) - best
    return np.asarray(np.where((n > 0.0) & (m > 0.0), np.minimum(found, 0.0), 0.0))


def _likelihood(one: Floats, totals: Floats, score: Floats) -> Floats:
    """Maximise the log-likelihood of a logistic regression by Newton's method, with short steps.

    Every point that is tried gives a valid bound, so nothing hangs on how well it converges.
    """
    n, everything = one.sum(axis=-1), totals.sum(axis=-1)
    hits = (one * score).sum(axis=-1)
    level = np.log(np.maximum(n, 0.5) / np.maximum(everything - n, 0.5))
    slope = np.zeros_like(level)
    best = np.full_like(level, -np.inf)
    for _ in range(_ROUNDS):
        at = level[..., None] + slope[..., None] * score
        log_sum = np.logaddexp(0.0, at)
        best = np.maximum(best, n * level + hits * slope - (totals * log_sum).sum(axis=-1))
        share = np.exp(at - log_sum)
        spread = totals * share * (1.0 - share)
        by_level, by_slope = n - (totals * share).sum(axis=-1), hits - (totals * share * score).sum(axis=-1)
        a, b = spread.sum(axis=-1), (spread * score).sum(axis=-1)
        c = (spread * score**2).sum(axis=-1)
        below = np.maximum(a * c - b * b, 1e-12 * np.maximum(a * c, 1e-300))
        level = _moved(level, (c * by_level - b * by_slope) / below)
        slope = _moved(slope, (a * by_slope - b * by_level) / below)
    return best


def _moved(value: Floats, step: Floats) -> Floats:
    finite = np.where(np.isfinite(step), step, 0.0)
    near = np.clip(finite, -_LONGEST_STEP, _LONGEST_STEP)
    return np.asarray(np.clip(value + near, -_FARTHEST, _FARTHEST))
