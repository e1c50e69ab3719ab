"""Page-Hinkley: adds up how far a stream is above its mean, until that is too much (Page 1954)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.river_detector import detections

Floats = NDArray[np.float64]
DELTA = 0.25
"""What is tolerated for nothing, in standard deviations: shifts of twice that are found fastest."""
_STEEPEST = 50.0


def changes(
    values: Iterable[float],
    threshold: float,
    *,
    delta: float = DELTA,
    forget: float = 1.0,
    mode: str = "both",
) -> list[int]:
    """Give the places of the values at which River's Page-Hinkley test finds that the mean has changed.

    `forget` is the factor by which older values count less, 1 for none.

    >>> changes([0.0, 1.0] * 500 + [5.0, 6.0] * 500, 20.0)
    [1004]

    Raises:
        Unsupported: when River is not installed.

    """
    options = {"delta": delta, "threshold": threshold, "alpha": forget}
    return detections("PageHinkley", values, mode=mode, **options)


def threshold_for(false_alarms: float, values: float, learned: Floats, delta: float = DELTA) -> float:
    """Give the threshold at which at most `false_alarms` are found for nothing in so many values, on average.

    With θ > 0 that solves E exp(θ (X - δ)) = 1, θ (X - δ) is a likelihood ratio's logarithm, and it takes
    exp(θ · threshold) values on average until a test on one side alarms for nothing, at least (Lorden 1971,
    theorem 2). θ is that of `learned` values, mean 0, on the side where it is smaller.

    >>> round(threshold_for(1.0, 10_000, np.random.default_rng(0).normal(size=100_000)), 1)
    19.9
    """
    theta = min(_exponent(learned, delta), _exponent(-learned, delta))
    return math.log(max(2.0 * values / false_alarms, math.e)) / theta


def _exponent(values: Floats, delta: float) -> float:
    """Solve mean exp(θ (x - δ)) = 1 for θ > 0; at most 50, which is where values hardly exceed δ."""
    from scipy.optimize import brentq

    def excess(theta: float) -> float:
        steps = theta * (values - delta)
        most = float(steps.max())
        return most + math.log(float(np.exp(steps - most).mean()))

    if excess(_STEEPEST) <= 0.0:
        return _STEEPEST
    found: float = brentq(excess, 1e-6, _STEEPEST)
    return found
