"""Whether scores moved to where answers are less often right: a p-value without labels."""

from __future__ import annotations

import math

import numpy as np

from hythe.monitor.performance.measured import Floats


def moved_down(values: Floats, counts: Floats, reference: Floats) -> float:
    """Bound the chance that the mean of `values` over `counts` is so far below that of all rows together.

    `values` are of cells, `counts` and `reference` rows in them. Which of all rows are the window's is
    chance where nothing drifts, and drawing without replacement is no wider than with (Hoeffding 1963,
    theorem 4); so E exp(-t · sum) at its best t >= 0 is a bound (Chernoff 1952), for any number of rows.

    >>> moved_down(np.array([0.5, 1.0]), np.array([90.0, 10.0]), np.array([500.0, 500.0])) < 1e-10
    True
    """
    from scipy.optimize import minimize_scalar

    n, shares = float(counts.sum()), (counts + reference) / float(counts.sum() + reference.sum())
    below = values - float(np.dot(counts, values)) / n
    if float(np.dot(shares, below)) <= 0:
        return 1.0
    known = shares > 0
    shares, below = shares[known], below[known]
    width = float(below.max() - below.min())

    def exponent(t: float) -> float:
        return n * math.log(float(np.dot(shares, np.exp(-t * below / width))))

    found = minimize_scalar(exponent, bounds=(0.0, 100.0), method="bounded")
    return min(1.0, math.exp(min(0.0, float(found.fun))))
