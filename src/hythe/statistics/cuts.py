"""Whether two samples differ below any border at all, with a p-value that holds for all borders together."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.statistics.hypergeometric import log_tail

Floats: TypeAlias = NDArray[np.float64]
_STEP = 0.25
"""The ranks of the grid lie half a standard deviation of a count apart."""


def log_p_cuts(one: Floats, other: Floats) -> Floats:
    """Bound the log p-value that some border parts `one` [..., k] otherwise than `other` [..., k].

    Both are counts of ordered cells. Under the null every border that there could be, given all the values,
    has a hypergeometric count below it. A border of any rank lies between two ranks of a fixed grid, and
    counts below grow with the rank; so the count at the border is tested as if it had been found at the next
    rank of the grid, which bounds the probability, and the ranks of the grid are as many as count for
    Bonferroni. So borders may be chosen by looking at the data, and ties do not matter. Unlike the distance
    of Kolmogorov and Smirnov, this looks at the tails as sharply as at the middle.

    >>> a, b = np.array([50.0, 50]), np.array([500.0, 500])
    >>> float(log_p_cuts(a, b)), bool(log_p_cuts(a[::-1] * [2, 0], b) < -45)
    (0.0, True)
    """
    few, many = _by_size(one, other)
    n, m = few.sum(axis=-1, keepdims=True), many.sum(axis=-1, keepdims=True)
    below = np.cumsum(few, axis=-1)[..., :-1]
    rank = below + np.cumsum(many, axis=-1)[..., :-1]
    total = n + m
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(n > 0.0, _STEP * np.sqrt(m / np.maximum(n, 1.0)), 1.0)
    up = np.minimum(_up(rank, step, total), total - _down(total - rank, step))
    down = np.maximum(_down(rank, step), total - _up(total - rank, step, total))
    more = log_tail(below, up, n, m)
    less = log_tail(down - below, down, m, n)
    ranks = 2.0 * (np.floor(np.sqrt(total) / step) + 2.0)
    found = np.minimum(more, less).min(axis=-1, initial=0.0, keepdims=True) + np.log(2.0 * ranks)
    return np.asarray(np.minimum(found, 0.0)[..., 0])


def _by_size(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Put the smaller sample first: the count below a border that is less certain is the one to test."""
    swap = one.sum(axis=-1, keepdims=True) > other.sum(axis=-1, keepdims=True)
    return np.where(swap, other, one), np.where(swap, one, other)


def _at(place: Floats, step: Floats) -> Floats:
    return np.floor((place * step) ** 2)


def _up(rank: Floats, step: Floats, total: Floats) -> Floats:
    """Give the least rank of the grid that is not less than `rank`."""
    place = np.ceil(np.sqrt(rank) / step)
    found = _at(place, step)
    return np.minimum(np.where(found >= rank, found, _at(place + 1.0, step)), total)


def _down(rank: Floats, step: Floats) -> Floats:
    """Give a rank of the grid that is not more than `rank`, and next to it."""
    place = np.floor(np.sqrt(rank) / step)
    found = _at(place, step)
    return np.where(found <= rank, found, _at(np.maximum(place - 1.0, 0.0), step))
