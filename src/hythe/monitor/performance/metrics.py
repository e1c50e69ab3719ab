"""Every metric of labelled rows, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable

from hythe.monitor.performance.deviations import bias, mae, rmse
from hythe.monitor.performance.labelled import Labelled, LabelledClasses, LabelledNumbers
from hythe.monitor.performance.measured import Metric
from hythe.monitor.performance.probabilities import brier, log_loss
from hythe.monitor.performance.ranking import roc_auc
from hythe.monitor.performance.rates import accuracy, f1, precision, recall
from hythe.monitor.performance.reliability import expected_calibration_error

OF_CLASSES: dict[str, Callable[[LabelledClasses], Metric]] = {
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "roc_auc": roc_auc,
    "log_loss": log_loss,
    "brier": brier,
    "calibration_error": expected_calibration_error,
}
"""The metrics of a classifier; those behind `f1` need probabilities."""
OF_NUMBERS: dict[str, Callable[[LabelledNumbers], Metric]] = {"mae": mae, "rmse": rmse, "bias": bias}
"""The metrics of a regressor."""
_UNSCORED = ("accuracy", "precision", "recall", "f1")


def measure(rows: Labelled) -> list[Metric]:
    """Measure all that rows allow; there has to be a row. Without any score, metrics of scores are left out.

    >>> import numpy as np
    >>> found = measure(LabelledNumbers(answers=np.array([1.0, 2.0]), truth=np.array([1.0, 3.0])))
    >>> [(each.name, each.value) for each in found]
    [('mae', 0.5), ('rmse', 0.7071067811865476), ('bias', 0.5)]
    """
    if isinstance(rows, LabelledNumbers):
        return [look(rows) for look in OF_NUMBERS.values()]
    names = _UNSCORED if rows.scores is None else tuple(OF_CLASSES)
    return [OF_CLASSES[name](rows) for name in names]


def headline(rows: Labelled) -> Metric:
    """Measure the one figure by which segments are compared: accuracy, or the mean absolute error."""
    return mae(rows) if isinstance(rows, LabelledNumbers) else accuracy(rows)
