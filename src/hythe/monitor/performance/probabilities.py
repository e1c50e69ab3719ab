"""Log loss and the Brier score: how far probabilities were from what came true."""

from __future__ import annotations

import sys

import numpy as np

from hythe.monitor.performance.labelled import LabelledClasses
from hythe.monitor.performance.measured import Metric, Undefined, average

_EPS = sys.float_info.epsilon
_NONE = "there are no scores that are probabilities"


def log_loss(rows: LabelledClasses) -> Metric:
    """Measure the mean of -ln p of what came true; p counts as the machine's epsilon at least.

    As scikit-learn has it; a class that the version does not know had p = 0. Means of it are near normal
    only over many rows, where few are very sure and wrong.
    """
    usable = rows.scored()
    if usable.scores is None or not len(usable):
        return Undefined("log_loss", _NONE)
    told = usable.scores[np.arange(len(usable)), usable.truth]
    told = np.where(usable.truth >= 0, told, 0.0)
    return average("log_loss", -np.log(np.clip(told, _EPS, 1.0 - _EPS)), usable.units)


def brier(rows: LabelledClasses) -> Metric:
    """Measure the mean of Σ (pₖ - yₖ)² / 2 over the classes, from 0 to 1 (Brier 1950).

    With two classes it is the mean of (p - y)², as usual.
    """
    usable = rows.scored()
    if usable.scores is None or not len(usable):
        return Undefined("brier", _NONE)
    wanted = usable.truth[:, None] == np.arange(len(usable.classes))
    squares = ((usable.scores - wanted) ** 2).sum(axis=1) + (usable.truth < 0)
    return average("brier", np.minimum(squares / 2.0, 1.0), usable.units)
