"""What meta-estimators ask of the estimators inside them: scores, probabilities, labels as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower
from hythe.compile.lowering.results import Classified, MultiClassified, Regressed, Result


def in_common(values: Sequence[Value]) -> list[Value]:
    """Cast to the dtype that numpy finds for all of them together."""
    dtype = np.result_type(*(value.dtype for value in values))
    return [value.cast(dtype) for value in values]


def in_columns(values: Sequence[Value]) -> Value:
    """Set values [rows] side by side: [rows, len(values)]."""
    return values[0].graph.concat([value.reshape(-1, 1) for value in in_common(values)])


def classified(model: Any, result: Result) -> Classified:
    """Give the answer of a classifier of one target.

    Raises:
        CannotLower: when `model` answers otherwise.

    """
    if not isinstance(result, Classified):
        raise CannotLower(f"{type(model).__name__} stands where a classifier of one target is needed")
    return result


def probabilities(model: Any, result: Result) -> Value:
    """Give `predict_proba` [rows, classes]."""
    found = classified(model, result).probabilities
    if found is None:
        raise CannotLower(f"the lowering of {type(model).__name__} gives no probabilities")
    return found


def decision(model: Any, result: Result) -> Value:
    """Give `decision_function`: [rows] for two classes, else [rows, classes]."""
    found = classified(model, result).decision
    if found is None:
        raise CannotLower(f"the lowering of {type(model).__name__} gives no decision function")
    return found


def predicted(model: Any, result: Result) -> Value:
    """Give `predict` as numbers: values, or the labels as float64, [rows] or [rows, targets]."""
    if isinstance(result, Regressed):
        return result.value
    if isinstance(result, MultiClassified):
        return in_columns([_label(model, target) for target in result.targets])
    return _label(model, classified(model, result))


def positive_score(model: Any, result: Result) -> Value:
    """Give [rows] as `sklearn.multiclass` scores a binary estimator: its value, decision, or probability."""
    if isinstance(result, Regressed):
        return result.value
    if hasattr(model, "decision_function"):
        return decision(model, result)
    return probabilities(model, result).column(1)


def positive_threshold(model: Any) -> float:
    """Give the score above which `sklearn.multiclass` takes a binary estimator's word for yes."""
    from sklearn.base import is_classifier

    return 0.0 if hasattr(model, "decision_function") and is_classifier(model) else 0.5


def response(model: Any, result: Result, method: str) -> Value:
    """Give what `sklearn.utils._response` takes from one of a model's methods: of two classes the second."""
    if method == "predict":
        return predicted(model, result)
    if method == "decision_function":
        return decision(model, result)
    if method != "predict_proba":
        raise CannotLower(f"the method {method!r} of {type(model).__name__} has no lowering")
    shares = probabilities(model, result)
    return shares.column(1) if len(classified(model, result).classes) == 2 else shares  # noqa: PLR2004 - two


def _label(model: Any, result: Classified) -> Value:
    classes = np.asarray(result.classes)
    if classes.dtype.kind not in "biuf":
        raise CannotLower(f"the labels of {type(model).__name__} are no numbers, but are computed with")
    table = result.index.graph.constant(classes, np.float64)
    return result.index.graph.op("Gather", table, result.index, axis=0)
