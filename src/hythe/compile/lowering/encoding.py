"""Encoders of categories: one-hot, ordinal, by target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.categories import Coded, Reading, gather, is_missing, membership, plain, read
from hythe.compile.lowering.frame import CannotLower, Frame, held
from hythe.compile.lowering.lowerer import Lowerer, lowers


@lowers("sklearn.OneHotEncoder")
def one_hot_encoder(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower one column for each category kept; grouping and dropping are settled when compiling."""
    readings = [_one_hot_reading(model, index) for index in range(len(model.categories_))]
    columns = read(frame, readings, lowerer)
    widths = [int(width) for width in model._n_features_outs]  # noqa: SLF001 - nowhere else
    cells = [(column, place) for column, width in zip(columns, widths, strict=True) for place in range(width)]
    if not cells:
        raise CannotLower("a OneHotEncoder keeps no column at all")
    value = membership(cells, lowerer)
    return Frame.of(
        value, len(cells), sparse=bool(model.sparse_output), single=np.dtype(model.dtype) == np.float32
    )


_DROPPED = -2
"""The group of categories that have no column."""


def _one_hot_reading(model: Any, index: int) -> Reading:
    """Give each category the output column that it lights, as `OneHotEncoder.transform` does."""
    categories = model.categories_[index]
    mapping = infrequent_mapping(model, index)
    places = np.arange(len(categories)) if mapping is None else mapping
    drops = model._drop_idx_after_grouping  # noqa: SLF001 - nowhere else
    drop = None if drops is None else drops[index]

    def place(position: int) -> int:
        if drop is None or position < drop:
            return int(position)
        return _DROPPED if position == drop else int(position) - 1

    unknown = None
    if mapping is not None and model.handle_unknown in {"infrequent_if_exist", "warn"}:
        unknown = place(mapping[model._infrequent_indices[index][0]])  # noqa: SLF001 - nowhere else
    return Reading(categories, [place(p) for p in places], unknown, refuse=model.handle_unknown == "error")


def infrequent_mapping(model: Any, index: int) -> NDArray[np.int64] | None:
    """Give each category's place after the infrequent ones are grouped; None where none is infrequent."""
    if not getattr(model, "_infrequent_enabled", False):
        return None
    mapping: NDArray[np.int64] | None = model._default_to_infrequent_mappings[index]  # noqa: SLF001 - as above
    return mapping


@lowers("sklearn.OrdinalEncoder")
def ordinal_encoder(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower each category's number, with numbers of their own for missing and unknown values."""
    refuse = model.handle_unknown == "error"
    readings, tables = [], []
    for index, categories in enumerate(model.categories_):
        mapping = infrequent_mapping(model, index)
        numbers = []
        for position, category in enumerate(map(plain, categories)):
            if is_missing(category) and category is not None:
                numbers.append(float(model.encoded_missing_value))
            else:
                numbers.append(float(position if mapping is None else mapping[position]))
        readings.append(Reading(categories, range(len(numbers)), refuse=refuse))
        tables.append(np.array([*numbers, 0.0 if refuse else float(model.unknown_value)]).reshape(-1, 1))
    value = _look_up(read(frame, readings, lowerer), tables, lowerer)
    single = np.dtype(model.dtype) == np.float32
    return Frame.of(held(value, single=single), len(tables), single=single)


@lowers("sklearn.TargetEncoder")
def target_encoder(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower each category's mean of the target (of each class, where there are more than two)."""
    targets = len(model.classes_) if model.target_type_ == "multiclass" else 1
    means = np.reshape(model.target_mean_, (1, targets))
    readings, tables = [], []
    for index, categories in enumerate(model.categories_):
        encodings = model.encodings_[index * targets : (index + 1) * targets]
        readings.append(Reading(categories, range(len(categories))))
        tables.append(np.concatenate([np.stack(encodings, axis=1), means]))
    value = _look_up(read(frame, readings, lowerer), tables, lowerer)
    return Frame.of(value, len(tables) * targets)


def _look_up(columns: Sequence[Coded], tables: Sequence[NDArray[np.float64]], lowerer: Lowerer) -> Value:
    """Read `tables[i][group]` for each column, and its last row where no group holds, [rows, all columns]."""
    outputs = tables[0].shape[1]
    flat: list[NDArray[np.float64]] = []
    for column, table in zip(columns, tables, strict=True):
        rows = np.repeat(table[-1:], column.size, axis=0)
        for group, code in column.codes.items():
            rows[code] = table[group]
        flat.append(rows)
    starts = np.cumsum([0, *[len(rows) for rows in flat[:-1]]])
    codes = gather(columns, lowerer)
    codes = codes + starts if len(columns) > 1 else codes
    whole = np.concatenate(flat)
    if outputs == 1:
        return lowerer.graph.op("Gather", whole.ravel(), codes, dtype=np.float64, axis=0)
    found = lowerer.graph.op("Gather", whole, codes, dtype=np.float64, axis=0)
    return found.reshape(-1, len(columns) * outputs)
