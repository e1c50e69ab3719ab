"""What bets on bounded values came to, told from sums alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.statistics.evidence.sums import Sums


def log_wealth(base: float, slope: float, sums: Sums) -> Any:
    """Give the least that Σ log(1 + base + slope·v) can be over values v from 0 to 1 with these sums.

    Every unit multiplies the wealth by 1 + base + slope·v, which has to stay positive. Of all values with
    the same number, sum and sum of squares, those that lie at the losing end and in one other place bring
    the least: the quadratic that touches the logarithm in these places lies below it, because the
    logarithm's third derivative is positive (Karlin and Studden 1966, chapter III; Bennett 1962 for the
    exponential). Values of 0 and 1 lie there themselves, so for them this is no bound but the wealth. What
    is not more than the wealth needs no proof of its own: it is an e-process's lower bound at every look.

    >>> round(float(log_wealth(-0.1, 0.3, Sums.hits(10.0, 4.0))), 6)
    0.097123
    """
    if slope < 0.0:
        base, slope, sums = base + slope, -slope, sums.flipped
    if sums.squares is sums.total:
        return (sums.n - sums.total) * np.log1p(base) + sums.total * np.log1p(base + slope)
    squares = np.maximum(sums.squares, np.finfo(np.float64).tiny)
    place = np.minimum(squares / np.maximum(sums.total, squares), 1.0)
    there = sums.total / place
    return (sums.n - there) * np.log1p(base) + there * np.log1p(base + slope * place)
