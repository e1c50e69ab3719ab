"""Every way to deal rows out to two samples, with its exact probability: the null of two-sample tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]


def deals(totals: Sequence[int], n: int) -> tuple[Counts, Counts, list[Fraction]]:
    """Give all counts [deals, k] of a sample of `n` rows, of the rest, and each deal's probability."""
    every = [one for one in product(*(range(total + 1) for total in totals)) if sum(one) == n]
    ways = math.comb(sum(totals), n)
    chances = [
        Fraction(math.prod(math.comb(t, c) for t, c in zip(totals, one, strict=True)), ways) for one in every
    ]
    assert sum(chances) == 1
    first = np.array(every, dtype=np.float64)
    return first, np.array(totals) - first, chances


def worst_ratio(log_p: Callable[[Counts, Counts], Any], totals: Sequence[int], n: int) -> float:
    """Give the greatest P(p <= x) / x over all x below 1: at most 1 for p-values that hold."""
    one, other, chances = deals(totals, n)
    found = np.exp(log_p(one, other))
    order = np.argsort(found)
    reached = np.cumsum(np.array([float(chance) for chance in chances])[order])
    ties = np.append(np.diff(found[order]) > 1e-12 * found[order][1:], True)
    ties &= found[order] < 1.0
    return float((reached[ties] / found[order][ties]).max(initial=0.0))


def chances_of_sums(totals: Sequence[int], n: int) -> dict[int, float]:
    """Give the exact probability of each sum of places that a sample of `n` rows may have.

    A row's place is that of its cell: 0, 1, …; ways are counted in whole numbers, cell by cell.
    """
    ways = {(0, 0): 1}
    for place, total in enumerate(totals):
        grown: dict[tuple[int, int], int] = {}
        for (taken, reached), count in ways.items():
            for here in range(min(total, n - taken) + 1):
                key = taken + here, reached + here * place
                grown[key] = grown.get(key, 0) + count * math.comb(total, here)
        ways = grown
    every = math.comb(sum(totals), n)
    return {reached: count / every for (taken, reached), count in ways.items() if taken == n}


def sample_with_sum(totals: Sequence[int], n: int, sum_: int) -> Counts:
    """Give the counts of some sample of `n` rows whose places add up to `sum_`: rows move up one by one."""
    one, left = [0] * len(totals), n
    for place, total in enumerate(totals):
        one[place] = min(total, left)
        left -= one[place]
    while (short := sum_ - sum(place * count for place, count in enumerate(one))) > 0:
        place = next(p for p in range(len(totals) - 1) if one[p] and one[p + 1] < totals[p + 1])
        step = min(short, one[place], totals[place + 1] - one[place + 1])
        one[place] -= step
        one[place + 1] += step
    return np.array(one, dtype=np.float64)
