"""One mean of values from 0 to 1: confidence sequence, and evidence that it is beyond a fixed level."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from scipy.special import logsumexp

from hythe.base.errors import Invalid
from hythe.statistics.evidence.sums import Sums
from hythe.statistics.evidence.wealth import log_wealth

_STAKES = 0.7 * 0.5 ** np.arange(12)
"""What each part of the wealth stakes, as a share of what it could lose at once."""
_PARTS = 1.0 / (np.arange(12) + 1.0)
_PARTS /= _PARTS.sum()
_PRECISION = 1e-6
_LEAST = 1e-9


def log_e_mean(sums: Sums, level: float, side: Literal["above", "below"]) -> Any:
    """Give the logarithm of the e-value against a mean of at most `level` (`above`), or at least (`below`).

    A mixture of bets that stake a constant share of the wealth on each value (Waudby-Smith and Ramdas 2024,
    section 4, and its appendix on betting strategies, "grid Kelly"), bounded from below as `log_wealth`
    says, so that sums are enough; intervals are 10 to 25% wider for it. An e-process in the number of values,
    if each has a mean on the hypothesis's side given those before. Numbers in, a number out; arrays likewise.

    Raises:
        Invalid: when `level` is not between 0 and 1.

    >>> abs(float(log_e_mean(Sums(0.0, 0.0, 0.0), 0.1, "above"))) < 1e-12
    True
    >>> bool(log_e_mean(Sums(200.0, 40.0, 12.0), 0.1, "above") > math.log(20))
    True
    """
    if not 0.0 < level < 1.0:
        raise Invalid(f"the level is {level}; a mean can be tested against one between 0 and 1")
    logs = [
        log_wealth(*_line(float(stake), level, side), sums) + math.log(part)
        for stake, part in zip(_STAKES, _PARTS, strict=True)
    ]
    return logsumexp(np.stack(np.broadcast_arrays(*logs)), axis=0)


def mean_interval(sums: Sums, alpha: float) -> tuple[float, float]:
    """Give the confidence sequence of a mean at level 1 - `alpha`: every mean that is not rejected.

    >>> low, high = mean_interval(Sums(400.0, 120.0, 50.0), 0.05)
    >>> low < 0.3 < high
    True
    """
    n, total = float(sums.n), float(sums.total)
    if n == 0.0:
        return 0.0, 1.0
    bar, mean = math.log(2.0 / alpha), total / n
    return _edge(sums, "above", bar, mean), _edge(sums, "below", bar, mean)


def _line(stake: float, level: float, side: Literal["above", "below"]) -> tuple[float, float]:
    """Give base and slope of a bet that loses `stake` of the wealth at worst, and nothing at the level."""
    if side == "above":
        return -stake, stake / level
    return stake * level / (1.0 - level), -stake / (1.0 - level)


def _edge(sums: Sums, side: Literal["above", "below"], bar: float, mean: float) -> float:
    """Find the level farthest from the estimate that is not rejected."""
    from scipy.optimize import brentq

    far, end = (_LEAST, 0.0) if side == "above" else (1.0 - _LEAST, 1.0)
    near = min(max(mean, 2.0 * _LEAST), 1.0 - 2.0 * _LEAST)

    def missing(level: float) -> float:
        return bar - float(log_e_mean(sums, level, side))

    if missing(far) > 0.0:
        return end
    edge = float(brentq(missing, far, near, xtol=_PRECISION * abs(far - near)))
    # Rounded outwards: what is given as excluded has been.
    return max(0.0, edge - _PRECISION) if side == "above" else min(1.0, edge + _PRECISION)
