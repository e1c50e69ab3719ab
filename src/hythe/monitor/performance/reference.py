"""What each metric was on the reference rows, as far as the baseline tells."""

from __future__ import annotations

from hythe.bundle.baseline import Baseline
from hythe.bundle.truth import Calibration, Residuals
from hythe.monitor.performance.confidence import estimate_classes
from hythe.monitor.performance.measured import PAIR
from hythe.monitor.performance.rates_by_cell import rates_by_cell


def reference_metrics(baseline: Baseline) -> dict[str, float]:
    """Give the metrics by name; nothing where the bundle was packed without targets.

    Where the rows were those that the model learned from, they are better than it can be elsewhere.
    """
    found = baseline.calibration
    if isinstance(found, Residuals):
        return {
            "mae": found.mean_absolute_error,
            "rmse": found.root_mean_squared_error,
            "bias": found.bias,
        }
    if not isinstance(found, Calibration):
        return {}
    rates = rates_by_cell(baseline)
    told = estimate_classes(rates, {each.output: each.rows for each in rates})
    metrics = {} if told is None else {each.name: each.value for each in told.metrics}
    halves = 1.0 if len(found.classes) == PAIR else 2.0
    return metrics | {
        "accuracy": metrics.get("accuracy", found.accuracy),
        "log_loss": found.log_loss,
        "brier": found.brier_score / halves,
        "calibration_error": found.calibration_error,
    }
