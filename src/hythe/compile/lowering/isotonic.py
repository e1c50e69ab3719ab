"""Monotone steps and slopes: linear interpolation between fitted thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Regressed
from hythe.compile.lowering.scores import finite_doubles


@lowers("sklearn.IsotonicRegression")
def isotonic_regression(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower isotonic regression on one column."""
    return Regressed(isotonic(model, finite_doubles(frame, lowerer).column(0), lowerer))


def isotonic(model: Any, values: Value, lowerer: Lowerer) -> Value:
    """Interpolate finite_doubles `values` [rows]; beyond the thresholds clip, answer NaN, or refuse."""
    known = np.asarray(model.X_thresholds_, dtype=np.float64)
    answers = np.asarray(model.y_thresholds_, dtype=np.float64)
    values = values.cast(model.X_thresholds_.dtype).cast(np.float64)
    graph = values.graph
    if len(answers) == 1:
        return values * 0.0 + float(answers[0])
    if model.out_of_bounds == "clip":
        values = graph.op("Clip", values, np.asarray(float(model.X_min_)), np.asarray(float(model.X_max_)))
        return interpolated(values, known, answers)
    outside = (values < known[0]) | (values > known[-1])
    if model.out_of_bounds == "raise":
        lowerer.refuse(outside.reshape(-1, 1))
        return interpolated(values, known, answers)
    return graph.where(outside, np.nan, interpolated(values, known, answers))


def interpolated(values: Value, known: NDArray[np.float64], answers: NDArray[np.float64]) -> Value:
    """Interpolate as `numpy.interp` does: [rows] between ascending `known`, held at both ends."""
    reached = values.reshape(-1, 1) >= known
    position = reached.cast(np.int64).reduce("Sum") - 1
    graph = values.graph
    at = graph.op("Max", position, np.asarray(0))
    slopes = np.append(np.diff(answers) / np.diff(known), 0.0)
    start, base, slope = (_pick(graph.constant(table), at) for table in (known, answers, slopes))
    inside = slope * (values - start) + base
    return graph.where(position < 0, float(answers[0]), inside)


def _pick(table: Value, at: Value) -> Value:
    return table.graph.op("Gather", table, at, axis=0)
