"""Steps in a row, and steps side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hythe.compile.lowering.frame import CannotLower, Frame, held
from hythe.compile.lowering.lowerer import Lowerer, lowers, transforms


@lowers("sklearn.Pipeline")
def pipeline(model: Any, frame: Frame, lowerer: Lowerer) -> Any:
    """Lower the steps in turn; the last predicts if it can, as the pipeline then does."""
    return _through(model, frame, lowerer, lowerer.lower)


@transforms("sklearn.Pipeline")
def transforming_pipeline(model: Any, frame: Frame, lowerer: Lowerer) -> Any:
    """Lower a pipeline that is a step itself: its last step transforms, even if it can predict."""
    return _through(model, frame, lowerer, lowerer.transform)


def _through(model: Any, frame: Frame, lowerer: Lowerer, finish: Callable[[Any, Frame], Any]) -> Any:
    *steps, (_, last) = model.steps
    for _, step in steps:
        frame = frame if is_passthrough(step) else lowerer.transform(step, frame)
    return frame if is_passthrough(last) else finish(last, frame)


@lowers("sklearn.FeatureUnion")
def feature_union(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower each transformer on the same columns, and put the results side by side."""
    weights = model.transformer_weights or {}
    made = [
        weighted(frame if step == "passthrough" else lowerer.transform(step, frame), weights.get(name))
        for name, step in model.transformer_list
        if not isinstance(step, str) or step != "drop"
    ]
    if not made:
        raise CannotLower("a FeatureUnion drops everything; a model needs at least one column")
    return without_names(Frame.beside(made))


def is_passthrough(step: Any) -> bool:
    """Tell whether a step leaves its input as it is."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def weighted(frame: Frame, weight: float | None) -> Frame:
    """Multiply all columns by a transformer's weight."""
    if weight is None:
        return frame
    value = held(frame.numbers() * float(weight), single=frame.single)
    return Frame.of(value, frame.width, single=frame.single, sparse=frame.sparse)


def without_names(frame: Frame) -> Frame:
    """Forget the column names, as steps that give an array do."""
    return replace(frame, names=None)
