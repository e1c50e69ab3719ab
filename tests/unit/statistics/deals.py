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
