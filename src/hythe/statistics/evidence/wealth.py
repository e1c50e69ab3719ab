"""What bets on bounded values came to, told from sums alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.statistics.evidence.sums import Sums

_INSIDE = 1e-6


def log_wealth(base: float, slope: float, sums: Sums) -> Any:
    """Give the least that Σ log(1 + base + slope·v) can be over values v from 0 to 1 with these sums.

    Every unit multiplies the wealth by 1 + base + slope·v, which has to stay positive. Of all values with
    the same number, sum and sum of squares, those that lie at the losing end and in one other place bring
    the least; with the sum of cubes too, those at both ends and in one place between. For the polynomial
    that meets the logarithm in these places, and touches it in the one between, lies below it: the signs of
    the logarithm's derivatives alternate (Karlin and Studden 1966, chapter III). Values of 0 and 1 lie there
    themselves, so for them this is no bound but the wealth. What is at no look more than the wealth is, as
    evidence, as good as the wealth.

    >>> round(float(log_wealth(-0.1, 0.3, Sums.hits(10.0, 4.0))), 6)
    0.097123
    """
    if slope < 0.0:
        base, slope, sums = base + slope, -slope, sums.flipped
    if sums.squares is sums.total:
        return (sums.n - sums.total) * np.log1p(base) + sums.total * np.log1p(base + slope)
    least = _of_two_places(base, slope, sums)
    return least if np.all(np.isnan(sums.cubes)) else _of_three_places(base, slope, sums, least)


def _of_two_places(base: float, slope: float, sums: Sums) -> Any:
    """Put values at 0 and in one other place."""
    # rounding may leave less of the squares than the sum allows (Cauchy 1821), which puts values nowhere
    squares = np.maximum(sums.squares, sums.total**2 / np.maximum(sums.n, 1.0))
    squares = np.maximum(squares, np.finfo(np.float64).tiny)
    place = np.minimum(squares / np.maximum(sums.total, squares), 1.0)
    there = sums.total / place
    return (sums.n - there) * np.log1p(base) + there * np.log1p(base + slope * place)


def _of_three_places(base: float, slope: float, sums: Sums, otherwise: Any) -> Any:
    """Put values at 0, at 1 and in one place between; `otherwise` where that place cannot be made out."""
    first, second = sums.total - sums.squares, sums.squares - sums.cubes
    place = np.clip(second / np.maximum(first, _INSIDE), _INSIDE, 1.0 - _INSIDE)
    there = first / (place * (1.0 - place))
    at_1 = sums.total - there * place
    at_0 = sums.n - there - at_1
    made_out = (first > _INSIDE) & (second > _INSIDE * first) & (at_1 >= -_INSIDE) & (at_0 >= -_INSIDE)
    logs = at_0 * np.log1p(base) + there * np.log1p(base + slope * place) + at_1 * np.log1p(base + slope)
    return np.where(made_out, logs, otherwise)
