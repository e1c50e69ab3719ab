"""Different steps for different columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.pipeline import is_passthrough, weighted, without_names


@lowers("sklearn.ColumnTransformer")
def column_transformer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower each fitted transformer on its own columns, and put the results side by side.

    Columns are found by name where both the fitted and the lowered model see a table, else by position, as
    scikit-learn does.
    """
    weights = model.transformer_weights or {}
    made = []
    for name, step, columns in model.transformers_:
        indices = model._transformer_to_input_indices[name]  # noqa: SLF001 - the resolved columns are nowhere else
        if _is_drop(step) or len(indices) == 0:
            continue
        part = _selected(model, frame, indices)
        if np.isscalar(columns):
            part = replace(part, flat=True)
        made.append(
            weighted(part if is_passthrough(step) else lowerer.transform(step, part), weights.get(name))
        )
    if not made:
        raise CannotLower("a ColumnTransformer drops everything; a model needs at least one column")
    return replace(without_names(Frame.beside(made)), sparse=bool(model.sparse_output_))


def _is_drop(step: Any) -> bool:
    return isinstance(step, str) and step == "drop"


def _selected(model: Any, frame: Frame, indices: Sequence[int]) -> Frame:
    names = getattr(model, "feature_names_in_", None)
    if names is None or frame.names is None:
        return frame.select(indices)
    return frame.select(frame.positions(str(names[index]) for index in indices))
