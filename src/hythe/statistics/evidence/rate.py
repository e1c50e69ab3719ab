"""One rate: confidence sequence, and evidence that it is above or below a fixed level."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from scipy.special import betainc, betaincc, betaln

from hythe.base.errors import Invalid
from hythe.statistics.evidence.sums import Number

_HALVINGS = 100


def log_e_rate(hits: Number, n: Number, level: float, *, prior: tuple[float, float] = (1.0, 1.0)) -> Any:
    """Give the logarithm of the e-value against "the rate is `level`", after `hits` of `n`.

    The Bayes factor of a beta mixture against the point (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon
    2021, section 3.2, the beta-binomial mixture). An e-process in n. Numbers in, a number out; arrays
    likewise.

    Raises:
        Invalid: when `level` is not between 0 and 1, or the counts do not fit.

    >>> float(log_e_rate(0, 0, 0.1))
    0.0
    >>> bool(log_e_rate(30, 100, 0.1) > math.log(20))
    True
    """
    _check(hits, n, level)
    a, b = prior
    return betaln(a + hits, b + n - hits) - betaln(a, b) - _log_likelihood(hits, n, level)


def log_e_one_sided(
    hits: Number,
    n: Number,
    level: float,
    side: Literal["above", "below"],
    *,
    prior: tuple[float, float] = (1.0, 1.0),
) -> Any:
    """Give the logarithm of the e-value against a rate of at most `level` (`above`), or at least (`below`).

    The mixture is cut to the alternative's side of the level: for every rate of the hypothesis the
    likelihood ratio of each rate beyond the level is a supermartingale, so their mixture is one (Howard et
    al. 2021, proposition 7). Numbers in, a number out; arrays likewise.
    """
    _check(hits, n, level)
    a, b = prior
    beyond = betaincc if side == "above" else betainc
    with np.errstate(divide="ignore"):
        posterior = np.log(beyond(a + hits, b + n - hits, level))
    return log_e_rate(hits, n, level, prior=prior) + posterior - math.log(beyond(a, b, level))


def rate_interval(
    hits: int, n: int, alpha: float, *, prior: tuple[float, float] = (1.0, 1.0)
) -> tuple[float, float]:
    """Give the confidence sequence of a rate at level 1 - `alpha`: every rate that is not rejected.

    >>> low, high = rate_interval(30, 100, 0.05)
    >>> low < 0.3 < high
    True
    """
    if n == 0:
        return 0.0, 1.0
    bar, middle = -math.log(alpha), hits / n

    def edge(far: float) -> float:
        outside, inside = far, middle
        for _ in range(_HALVINGS):
            half = (outside + inside) / 2.0
            rejected = not 0.0 < half < 1.0 or log_e_rate(hits, n, half, prior=prior) >= bar
            outside, inside = (half, inside) if rejected else (outside, half)
        return outside

    return edge(0.0) if hits else 0.0, edge(1.0) if hits < n else 1.0


def _log_likelihood(hits: Number, n: Number, rate: float) -> Number:
    return hits * math.log(rate) + (n - hits) * math.log1p(-rate)


def _check(hits: Number, n: Number, level: float) -> None:
    if not 0.0 < level < 1.0:
        raise Invalid(f"the level is {level}; a rate can be tested against one between 0 and 1")
    if not np.all((np.asarray(hits) >= 0) & (hits <= n)):
        raise Invalid(f"{hits} of {n} is no count; give 0 to n")
