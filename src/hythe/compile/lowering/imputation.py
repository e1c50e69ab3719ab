"""Missing values filled or marked, in numbers and in raw columns alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hythe.bundle.feed import MISSING
from hythe.bundle.schema import Scalar
from hythe.compile.graph import Value
from hythe.compile.lowering.categories import missing_mark, plain
from hythe.compile.lowering.frame import CannotLower, Frame, Numbers, Part, Source
from hythe.compile.lowering.lowerer import Lowerer, lowers


@lowers("sklearn.SimpleImputer")
def simple_imputer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the fitted statistics: `Where` for numbers, a renaming that costs nothing for raw columns."""
    objects = model._fit_dtype.kind == "O"  # noqa: SLF001 - what `transform` asks
    _check_input(model, frame, objects, lowerer)
    statistics = [plain(value) for value in model.statistics_]
    kept = [
        index
        for index, value in enumerate(statistics)
        if model.keep_empty_features or not (isinstance(value, float) and math.isnan(value))
    ]
    filled = _filled(model, frame.select(kept), [statistics[index] for index in kept], objects, lowerer)
    if model.indicator_ is None:
        return filled
    marks = missing_marks(model.missing_values, frame, model.indicator_.features_, objects, lowerer)
    return Frame.beside([filled, marks]) if kept else marks


@lowers("sklearn.MissingIndicator")
def missing_indicator(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the marks of missing values; one in a column that had none when fitted is refused."""
    objects = any(isinstance(part, Source) for part in frame.parts)
    _check_input(model, frame, objects, lowerer)
    if model.features == "missing-only" and model.error_on_new:
        new = sorted(set(range(frame.width)) - set(model.features_.tolist()))
        if new:
            lowerer.refuse(
                missing_marks(model.missing_values, frame, new, objects, lowerer).numbers().equals(1.0)
            )
    return missing_marks(model.missing_values, frame, model.features_, objects, lowerer)


def missing_marks(
    missing_values: Any, frame: Frame, indices: Sequence[int], objects: bool, lowerer: Lowerer
) -> Frame:
    """Mark the missing cells of the columns `indices`, one column for each, as 0 and 1."""
    if len(indices) == 0:
        return Frame(frame.graph, ())
    chosen = frame.select(int(index) for index in indices)
    made = [
        Frame.of(_marks_of(missing_values, part, objects, lowerer).cast(np.float64), _width(part))
        for part in chosen.parts
    ]
    return Frame.beside(made)


def _marks_of(missing_values: Any, part: Part, objects: bool, lowerer: Lowerer) -> Value:
    if isinstance(part, Numbers):
        marks = missing_cells(missing_values, part, objects, lowerer)
        never = lowerer.graph.constant(np.zeros((1, part.width), dtype=np.bool_))
        return marks if marks is not None else part.value.is_nan() & never
    raw = _missing_of(missing_values, part.column.null)
    values = [] if raw is None else [raw]
    position, codes = lowerer.coded(part, values)
    return lowerer.coded_columns([position]).equals(codes[0] if codes else MISSING)


def missing_cells(missing_values: Any, part: Numbers, objects: bool, lowerer: Lowerer) -> Value | None:
    """Find the cells that an imputer takes for missing; None where there can be none."""
    if missing_values is None or _is_nan(missing_values) or _is_pandas_na(missing_values):
        if not objects or all(
            _is_mark(missing_values, missing_mark(part.pick(index), lowerer)) for index in range(part.width)
        ):
            return part.value.is_nan()
        return None
    if isinstance(missing_values, str):
        return None
    return part.value.equals(float(missing_values))


def _check_input(model: Any, frame: Frame, objects: bool, lowerer: Lowerer) -> None:
    """Refuse what `_validate_input` refuses; arrays of objects are not looked at for ±inf."""
    allow_nan = _is_nan(model.missing_values) or _is_pandas_na(model.missing_values)
    if not objects:
        lowerer.refuse_not_finite(frame.numbers(), allow_nan=allow_nan)
        return
    if allow_nan:
        return
    nan_marked = [
        index for index in range(frame.width) if missing_mark(frame.column(index), lowerer) == "nan"
    ]
    if nan_marked:
        lowerer.refuse(missing_marks(math.nan, frame, nan_marked, True, lowerer).numbers().equals(1.0))


def _filled(model: Any, frame: Frame, statistics: Sequence[Any], objects: bool, lowerer: Lowerer) -> Frame:
    made: list[Frame] = []
    start = 0
    for part in frame.parts:
        fill = statistics[start : start + _width(part)]
        start += _width(part)
        filled = _filled_part(model, part, fill, objects, lowerer)
        made.append(Frame(frame.graph, (filled,), sparse=frame.sparse))
    return Frame.beside(made) if made else Frame(frame.graph, ())


def _filled_part(model: Any, part: Part, fill: Sequence[Any], objects: bool, lowerer: Lowerer) -> Part:
    if isinstance(part, Source):
        return _renamed(model.missing_values, part, fill[0])
    cells = missing_cells(model.missing_values, part, objects, lowerer)
    if cells is None:
        return part
    if any(isinstance(value, str) for value in fill):
        raise CannotLower(f"SimpleImputer fills a column of numbers with {fill!r}; fill it with a number")
    constants = np.array([math.nan if value is None else float(value) for value in fill])
    if part.single:
        constants = constants.astype(np.float32).astype(np.float64)
    return Numbers(lowerer.graph.where(cells, constants, part.value), part.width, single=part.single)


def _renamed(missing_values: Any, source: Source, fill: Scalar) -> Source:
    if isinstance(missing_values, str):
        return source.rename({missing_values: fill})
    return source.rename({None: fill}) if _is_mark(missing_values, source.column.null) else source


def _missing_of(missing_values: Any, mark: str) -> Scalar | None:
    """Give the raw value that is taken for missing; None for the missing value itself."""
    if isinstance(missing_values, str):
        return missing_values
    if not _is_mark(missing_values, mark):
        raise CannotLower(f"missing_values={missing_values!r} is not how the column marks missing values")
    return None


def _is_mark(missing_values: Any, mark: str) -> bool:
    if missing_values is None:
        return mark == "none"
    if _is_nan(missing_values):
        return mark == "nan"
    return mark == "NA" and _is_pandas_na(missing_values)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and math.isnan(value)


def _is_pandas_na(value: Any) -> bool:
    return type(value).__name__ == "NAType"


def _width(part: Part) -> int:
    return part.width if isinstance(part, Numbers) else 1
