"""Multi-layer perceptrons."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Regressed, Result
from hythe.compile.lowering.scores import affine, expit, finite, paired, zero_one_targets

_OPERATORS = {"exp": "Exp", "tanh": "Tanh", "relu": "Relu"}


@lowers("sklearn.MLPRegressor")
def regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a network whose outputs are the values."""
    outputs = _forward(model, finite(frame, lowerer))
    return Regressed(outputs.column(0) if model.coefs_[-1].shape[1] == 1 else outputs)


@lowers("sklearn.MLPClassifier")
def classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower a network whose outputs are probabilities: of the second class, of each class, of each label."""
    outputs = _forward(model, finite(frame, lowerer))
    kind = model._label_binarizer.y_type_  # noqa: SLF001 - as predict asks
    if kind == "multilabel-indicator":
        return zero_one_targets(outputs > 0.5, model.n_outputs_, probabilities=outputs)  # noqa: PLR2004 - half
    if kind == "binary":
        positive = outputs.column(0)
        return Classified((positive > 0.5).cast(np.int64), model.classes_, paired(positive))  # noqa: PLR2004
    if kind == "multiclass":
        return Classified(outputs.argmax(), model.classes_, outputs)
    raise CannotLower(f"MLPClassifier fitted on a target of type {kind!r} has no lowering")


def _forward(model: Any, values: Value) -> Value:
    last = len(model.coefs_) - 1
    for i, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        values = _activated(
            affine(values, weights, bias), model.out_activation_ if i == last else model.activation
        )
    return values


def _activated(values: Value, activation: str) -> Value:
    if activation == "softmax":
        return values.apply("Softmax", axis=-1)
    if activation == "logistic":
        return expit(values)
    if activation == "identity":
        return values
    if activation not in _OPERATORS:
        raise CannotLower(f"the activation {activation!r} has no lowering")
    return values.apply(_OPERATORS[activation])
