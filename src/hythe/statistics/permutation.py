"""Whether two samples differ in the mean of a score, when labels could as well have been dealt at random."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy

from hythe.statistics.concentration import log_near
from hythe.statistics.hypergeometric import log_choose

Floats: TypeAlias = NDArray[np.float64]
_ROUNDS = 12
_CLOSE = 1e-4
_LONGEST_STEP = 4.0
_FARTHEST = 300.0
_WORTH = 0.5
"""A likelihood ratio whose p-value is about 0.3: nothing hangs on how well greater ones are bounded."""


class _Point(NamedTuple):
    """A point of the regression, and the bound that it gives on the log number of choices."""

    level: Floats
    slope: Floats
    bound: Floats


def log_p_score(one: Floats, other: Floats, score: Floats, *, averages: bool = False) -> Floats:
    """Bound the log p-value that the mean `score` [..., k] differs, for counts by cell [..., k], two-sided.

    Given all the values, each choice of the n that make up `one` is as likely under the null. Weigh every
    choice, of any size, by e^(a size + b score): as if each value i came in by itself, with probability
    1 / (1 + e^(-a - b score_i)). All choices weigh Π (1 + e^(a + b score_i)) together. For b ≥ 0, the number
    of those of size n with score s or more is this, over e^(an + bs), times E[e^(-b (S - s)); S ≥ s, N = n],
    where N and S are size and score of a choice made with these weights (Esscher 1932).
    `hythe.statistics.concentration` bounds the expectation, which a Chernoff bound leaves out: a factor of
    ten at p = 1e-4. The a and b for which the rest is least are the logistic regression of the label on the
    score, which Newton's method finds; every point gives a valid bound, so nothing hangs on how
    well it converges. The bound is about a quarter above the p-value, twice that where rows are few, and
    holds at any depth.

    `averages` says that counts are sums of rows' shares of cells, not of single values; then the expectation
    is bounded by 1, and the rest holds since ln(1 + e^x) is convex.

    >>> score = np.array([-1.0, 0.0, 1.0])
    >>> bool(log_p_score(np.array([0.0, 5, 95]), np.array([300.0, 400, 300]), score) < -40)
    True
    """
    n, m = one.sum(axis=-1), other.sum(axis=-1)
    totals = one + other
    scores = np.broadcast_to(score, totals.shape)
    best = _least_bound(one, totals, scores)
    found = np.log(2.0) - log_choose(n + m, n) + best.bound
    if not averages:
        found = found + _nearness(totals, scores, best, worth=_without(n, m) - best.bound > _WORTH)
    return np.asarray(np.where((n > 0.0) & (m > 0.0), np.minimum(found, 0.0), 0.0))


def _without(n: Floats, m: Floats) -> Floats:
    """Give the bound without a slope; what a slope lowers it by is half the likelihood-ratio statistic."""
    return np.asarray(xlogy(n, 1.0 + m / np.maximum(n, 0.5)) + xlogy(m, 1.0 + n / np.maximum(m, 0.5)))


def _nearness(totals: Floats, scores: Floats, point: _Point, worth: NDArray[np.bool_]) -> Floats:
    """Bound the log expectation where that is `worth` its while: it takes longer than all the rest."""
    found = np.zeros_like(point.bound)
    level, slope = point.level[worth], point.slope[worth]
    share = expit(level[..., None] + slope[..., None] * scores[worth])
    found[worth] = log_near(totals[worth] * share * (1.0 - share), scores[worth], slope)
    return found


def _least_bound(one: Floats, totals: Floats, score: Floats) -> _Point:
    """Find the least of Σ ln(1 + e^(a + b score)) - an - bs by Newton's method."""
    n, everything = one.sum(axis=-1), totals.sum(axis=-1)
    hits = (one * score).sum(axis=-1)
    level = np.asarray(np.log(np.maximum(n, 0.5) / np.maximum(everything - n, 0.5)))
    slope = np.zeros_like(level)
    best = _Point(level, slope, np.full_like(level, np.inf))
    for _ in range(_ROUNDS):
        at = level[..., None] + slope[..., None] * score
        bound = (totals * np.logaddexp(0.0, at)).sum(axis=-1) - n * level - hits * slope
        best = _Point(*(np.where(bound < best.bound, new, old)
                        for new, old in zip((level, slope, bound), best, strict=True)))  # fmt: skip
        share = expit(at)
        spread = totals * share * (1.0 - share)
        a, b, c = (np.asarray((spread * score**power).sum(axis=-1)) for power in (0, 1, 2))
        by_level, by_slope = n - (totals * share).sum(axis=-1), hits - (totals * share * score).sum(axis=-1)
        below = np.maximum(a * c - b * b, 1e-12 * np.maximum(a * c, 1e-300))
        onward = _moved(level, (c * by_level - b * by_slope) / below)
        steeper = _moved(slope, (a * by_slope - b * by_level) / below)
        # each stops by itself, so that what is found of one does not hang on which others are looked at
        moves = np.abs(steeper - slope) >= _CLOSE
        if not moves.any():
            break
        level, slope = np.where(moves, onward, level), np.where(moves, steeper, slope)
    return best


def _moved(value: Floats, step: Floats) -> Floats:
    finite = np.where(np.isfinite(step), step, 0.0)
    near = np.clip(finite, -_LONGEST_STEP, _LONGEST_STEP)
    return np.asarray(np.clip(value + near, -_FARTHEST, _FARTHEST))
