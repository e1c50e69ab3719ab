"""Calibrated probabilities, and thresholds on scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.isotonic import isotonic
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.responses import classified, decision, probabilities
from hythe.compile.lowering.results import Classified
from hythe.compile.lowering.scores import expit, normalised, paired
from hythe.compile.lowering.voting import average

_TINY = 1e-12
"""What is added to a probability before its logarithm is taken."""


@lowers("sklearn.CalibratedClassifierCV")
def calibrated(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the mean of the calibrated classifiers."""
    shares = average([_calibrated(c, frame, lowerer) for c in model.calibrated_classifiers_], None)
    return Classified(shares.argmax(), model.classes_, shares)


@lowers("sklearn.FixedThresholdClassifier", "sklearn.TunedThresholdClassifierCV")
def thresholded(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower a binary classifier that says yes from a score of its own on."""
    inner = getattr(model, "estimator_", model.estimator)
    result = classified(inner, lowerer.predict(inner, frame))
    method = _method(inner, model._get_response_method())  # noqa: SLF001 - as predict asks
    threshold, label = _threshold(model, method)
    positive = len(result.classes) - 1 if label is None else int(np.flatnonzero(result.classes == label)[0])
    if method == "predict_proba":
        score = probabilities(inner, result).column(positive)
    else:
        score = decision(inner, result) if positive == 1 else -decision(inner, result)
    reached = score >= threshold
    index = (reached if positive == 1 else ~reached).cast(np.int64)
    return Classified(index, model.classes_, result.probabilities, result.decision)


def _threshold(model: Any, method: str) -> tuple[float, Any]:
    """Give the score to reach, and the label that is then answered (None is the second)."""
    if type(model).__name__ == "TunedThresholdClassifierCV":
        return float(model.best_threshold_), model._curve_scorer._get_pos_label()  # noqa: SLF001 - as above
    if model.threshold == "auto":
        return (0.5 if method == "predict_proba" else 0.0), model.pos_label
    return float(model.threshold), model.pos_label


def _method(model: Any, names: Any) -> str:
    """Choose the first method that a model has."""
    for name in [names] if isinstance(names, str) else names:
        if hasattr(model, name):
            return str(name)
    raise CannotLower(f"{type(model).__name__} has none of the methods {names}")


def _calibrated(model: Any, frame: Frame, lowerer: Lowerer) -> Value:
    """Lower one classifier with its calibrators: [rows, classes]."""
    inner = model.estimator
    result = classified(inner, lowerer.predict(inner, frame))
    method = _method(inner, ["decision_function", "predict_proba"])
    scores = decision(inner, result) if method == "decision_function" else probabilities(inner, result)
    scores = scores.cast(np.float64)
    if model.method == "temperature":
        return _tempered(model, scores, method, lowerer)
    if model.method not in {"sigmoid", "isotonic"}:
        raise CannotLower(f"CalibratedClassifierCV(method={model.method!r}) has no lowering")
    if len(result.classes) == 2:  # noqa: PLR2004 - two classes share one calibrator
        single = scores.column(1) if method == "predict_proba" else scores
        return paired(_one(model.calibrators[0], single, lowerer))
    columns = [_one(c, scores.column(i), lowerer) for i, c in enumerate(model.calibrators)]
    return _spread(columns, model.classes, result.classes)


def _one(calibrator: Any, scores: Value, lowerer: Lowerer) -> Value:
    """Calibrate the scores [rows] of one class."""
    if type(calibrator).__name__ == "IsotonicRegression":
        lowerer.refuse_not_finite(scores.reshape(-1, 1))
        return isotonic(calibrator, scores, lowerer)
    return expit(-(scores * float(calibrator.a_) + float(calibrator.b_)))


def _spread(columns: list[Value], classes: Any, seen: Any) -> Value:
    """Put calibrated columns in the places of all classes, zeros elsewhere, and make rows sum to one."""
    at = {label: i for i, label in enumerate(np.asarray(seen).tolist())}
    nothing = columns[0] * 0.0
    places = [at.get(label) for label in np.asarray(classes).tolist()]
    parts = [(nothing if place is None else columns[place]).reshape(-1, 1) for place in places]
    return normalised(columns[0].graph.concat(parts), len(parts))


def _tempered(model: Any, scores: Value, method: str, lowerer: Lowerer) -> Value:
    """Lower temperature scaling: a softmax of logits times one number."""
    if method == "predict_proba":
        logits = (scores + _TINY).apply("Log")
    elif len(model.classes) == 2:  # noqa: PLR2004 - two classes share one score
        column = scores.reshape(-1, 1)
        logits = scores.graph.concat([-column, column])
    else:
        logits = scores
    lowerer.refuse_not_finite(logits)
    return (logits * float(model.calibrators[0].beta_)).apply("Softmax", axis=-1)
