"""Calibration error: how far the greatest score can be taken at its word, and the curve behind it."""

from __future__ import annotations

import math
from functools import partial

from hythe.monitor.performance.intervals import Interval, clopper_pearson
from hythe.monitor.performance.labelled import LabelledClasses
from hythe.monitor.performance.measured import Measured, Metric, Undefined
from hythe.statistics.calibration import Reliability, calibration_error
from hythe.statistics.calibration import reliability as reliability_curve

_NAME = "calibration_error"


def expected_calibration_error(rows: LabelledClasses) -> Metric:
    """Measure Σ nᵢ/n · |rate - score| over ten bins of the greatest score (Guo and others 2017, eq. 3).

    By itself it is above 0 where scores are right, by chance. The interval adds up the least and the
    greatest gap of each bin, its rate covered exactly (Clopper and Pearson) at a level shared by the bins;
    rows of one unit count as one.
    """
    usable = rows.scored()
    if usable.scores is None or not len(usable):
        return Undefined(_NAME, "there are no scores that are probabilities")
    curve = curve_of(usable)
    units = len(usable) if usable.units is None else int(usable.units.max()) + 1
    return Measured(
        name=_NAME,
        value=calibration_error(curve),
        n=len(usable),
        units=units,
        error=math.sqrt(_variance(curve) * len(usable) / units),
        better="lower",
        interval=partial(_interval, curve, units / len(usable)),
    )


def curve_of(rows: LabelledClasses) -> tuple[Reliability, ...]:
    """Give the ten bins of the greatest score: how many, their mean score, and how often it was right."""
    if rows.scores is None or not len(rows):
        return ()
    return reliability_curve(rows.scores.max(axis=1), rows.scores.argmax(axis=1) == rows.truth)


def _variance(curve: tuple[Reliability, ...]) -> float:
    rows = sum(each.n for each in curve)
    return math.fsum(each.n * _spread(each.rate) for each in curve) / rows**2


def _spread(share: float) -> float:
    clipped = min(max(share, 0.0), 1.0)
    return clipped * (1.0 - clipped)


def _interval(curve: tuple[Reliability, ...], independent: float, level: float) -> Interval:
    filled = [each for each in curve if each.n]
    rows = sum(each.n for each in filled)
    shared = 1.0 - (1.0 - level) / len(filled)
    low = high = 0.0
    for each in filled:
        n = each.n * independent
        least, most = clopper_pearson(each.rate * n, n, shared)
        gap = max(least - each.score, each.score - most, 0.0)
        low += each.n / rows * gap
        high += each.n / rows * max(abs(least - each.score), abs(most - each.score))
    return low, min(1.0, high)
