"""The exact interval of a rate (Clopper and Pearson 1934)."""

from __future__ import annotations


def rate_bounds(hits: float, n: float, tail: float) -> tuple[float, float]:
    """Bound a rate from `hits` of `n` independent draws; either end is wrong with probability `tail` at most.

    Both may be fractions, as an effective number of draws is.

    >>> low, high = rate_bounds(0, 100, 0.025)
    >>> low, round(high, 4)
    (0.0, 0.0362)
    """
    from scipy.special import betaincinv

    low = float(betaincinv(hits, n - hits + 1.0, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1.0, n - hits, 1.0 - tail)) if hits < n else 1.0
    return low, high
