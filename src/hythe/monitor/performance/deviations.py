"""How far numbers were off: bias, mean absolute error, and root mean squared error."""

from __future__ import annotations

import numpy as np

from hythe.monitor.performance.labelled import LabelledNumbers
from hythe.monitor.performance.measured import Metric, Undefined, average, root_of_average

_NONE = "there is no row where answer and outcome are both finite numbers"


def mae(rows: LabelledNumbers) -> Metric:
    """Measure the mean of |outcome - answer|."""
    usable = rows.finite()
    if not len(usable):
        return Undefined("mae", _NONE)
    return average("mae", np.abs(usable.truth - usable.answers), usable.units)


def rmse(rows: LabelledNumbers) -> Metric:
    """Measure the root of the mean of (outcome - answer)²."""
    usable = rows.finite()
    if not len(usable):
        return Undefined("rmse", _NONE)
    with np.errstate(over="ignore"):
        squares = (usable.truth - usable.answers) ** 2
    if not np.isfinite(squares).all():
        return Undefined("rmse", "a square is beyond the largest float")
    return root_of_average("rmse", squares, usable.units)


def bias(rows: LabelledNumbers) -> Metric:
    """Measure the mean of outcome - answer: above 0 answers are too low."""
    usable = rows.finite()
    if not len(usable):
        return Undefined("bias", _NONE)
    return average("bias", usable.truth - usable.answers, usable.units, "neither")
