"""Rows from outside made to fit a schema: reordered, cast without loss, checked, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hythe.base.errors import Invalid
from hythe.bundle.found import plain
from hythe.bundle.misfit import Fault, Misfit, fault_of, unknown_name
from hythe.bundle.rows import Array, Rows
from hythe.bundle.schema import EXACT_INTEGER, Column, Schema, Tensor
from hythe.bundle.types import arrow_type

_WIDE = {"int64", "uint64"}
_FLOATS = {"float32", "float64"}


def conform(rows: Rows, schema: Schema, *, extra: Literal["refuse", "drop"] = "refuse") -> Rows:
    """Check `rows` against `schema` and give them its order and types.

    A nullable column may be left out, which makes it missing. Numbers are cast where no value changes; a
    float64 may round to float32 but not overflow it; text is read only as a timestamp (RFC 3339). In
    columns whose missing mark is NaN, NaN counts as missing.

    Raises:
        Invalid: naming the column, the row, the value and what was expected.

    >>> conform(pa.table({"age": [41.0]}), Schema((Column("age", "int64"),)))["age"].to_pylist()
    [41]
    """
    if isinstance(rows, pa.Table) != (not schema.tensors):
        kinds = ("columns", "tensors") if schema.columns else ("tensors", "columns")
        raise Invalid(f"the model takes {kinds[0]}, and was given {kinds[1]}")
    if isinstance(rows, pa.Table):
        _check_names(rows.column_names, [c.name for c in schema.columns], extra)
        given = dict(zip(rows.column_names, rows.columns, strict=True))
        arrays = [_column(given.get(column.name), rows.num_rows, column) for column in schema.columns]
        return pa.table(arrays, names=[column.name for column in schema.columns])
    _check_names(list(rows), [t.name for t in schema.tensors], extra)
    tensors = {tensor.name: _tensor(rows, tensor) for tensor in schema.tensors}
    if len({len(values) for values in tensors.values()}) > 1:
        lengths = {name: len(values) for name, values in tensors.items()}
        raise Invalid(f"tensors have different numbers of rows: {lengths}; give each the same number")
    return tensors


def _check_names(names: list[str], known: list[str], extra: str) -> None:
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"column {repeated!r} appears more than once; give it once")
    unknown = [name for name in names if name not in set(known)]
    if unknown and extra == "refuse":
        raise Misfit(
            f"column {unknown[0]!r} is not one that the model takes; leave it out; "
            f"the model takes {', '.join(known)}",
            unknown_name(unknown[0], known, names),
        )


def _column(given: pa.ChunkedArray | None, rows: int, column: Column) -> pa.Array:
    target = arrow_type(column)
    if given is None:
        if not column.nullable:
            raise Misfit(
                f"column {column.name!r} is missing; give a {column.type} for each row",
                Fault("missing_column", column.name),
            )
        return pa.nulls(rows, target)
    values = _typed(given, column, target)
    if not column.nullable:
        _check_present(values, column)
    if column.type in _WIDE:
        _check_limits(values, column, -EXACT_INTEGER, EXACT_INTEGER, "an integer within ±2**53")
    if column.minimum is not None or column.maximum is not None:
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        _check_limits(values, column, low, high, f"a number from {low!r} to {high!r}")
    if column.categories is not None:
        _check_categories(values, column, target)
    return values


def _typed(given: pa.ChunkedArray, column: Column, target: pa.DataType) -> pa.Array:
    if given.num_chunks == 1 and given.type == target:  # the common case costs a microsecond
        return given.chunk(0)
    values = plain(column.name, given, str(given.type))
    return values if values.type == target else _cast(values, column, target)


def _wrong(column: Column, row: int, value: Any, expected: str) -> Misfit:
    shown = value if isinstance(value, str | int | float | bool) else str(value)
    fault = "the value is missing" if value is None else f"{shown!r} does not fit"
    return Misfit(f"column {column.name!r}, row {row}: {fault}; expected {expected}", fault_of(value, column))


def _value(values: pa.Array, row: int) -> Any:
    """Give a value for a message; a date beyond Python's years or in an unknown zone is told by its type."""
    try:
        return values[row].as_py()
    except (pa.ArrowException, ValueError, OverflowError):
        return f"a {values.type} that cannot be shown"


def _expected(column: Column) -> str:
    words = {
        "string": "a string",
        "bool": "true or false",
        "timestamp": f"a timestamp {'with a time zone' if column.zone else 'without a time zone'} (RFC 3339)",
        "category": "one of " + ", ".join(repr(value) for value in (column.categories or ())[:10]),
    }
    return words.get(column.type, f"a number that {column.type} holds exactly")


def _cast(values: pa.Array, column: Column, target: pa.DataType) -> pa.Array:
    if pa.types.is_null(values.type):
        return values.cast(target)
    if pa.types.is_floating(values.type) and column.null == "nan" and column.type not in _FLOATS:
        values = pc.if_else(pc.is_nan(values), None, values)
    if not _may_cast(values.type, target):
        row = next((row for row in range(len(values)) if values[row].is_valid), 0)
        raise _wrong(column, row, _value(values, row) if len(values) else None, _expected(column))
    try:
        cast = values.cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as err:
        row = _first_wrong(values, target)
        raise _wrong(column, row, _value(values, row), _expected(column)) from err
    if target == pa.bool_():
        _check_same(values, cast, column)
    if target == pa.float32():
        _check_overflow(values, cast, column)
    return cast


def _may_cast(given: pa.DataType, target: pa.DataType) -> bool:
    """Tell whether values of one type can be the same values of the other."""
    if pa.types.is_timestamp(target):
        zoned = pa.types.is_timestamp(given) and (given.tz is None) == (target.tz is None)
        return zoned or given == pa.string()
    return _is_number(given) and (_is_number(target) or target == pa.bool_())


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _first_wrong(values: pa.Array, target: pa.DataType) -> int:
    """Find the first row that does not cast."""
    for row in range(len(values)):
        try:
            values.slice(row, 1).cast(target)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return row
    return 0


def _check_same(values: pa.Array, cast: pa.Array, column: Column) -> None:
    changed = pc.not_equal(cast.cast(values.type), values).fill_null(False)
    if pc.any(changed).as_py():
        row = changed.index(True).as_py()
        raise _wrong(column, row, _value(values, row), _expected(column))


def _check_overflow(values: pa.Array, cast: pa.Array, column: Column) -> None:
    over = pc.and_(pc.is_inf(cast), pc.is_finite(values)).fill_null(False)
    if pc.any(over).as_py():
        row = over.index(True).as_py()
        raise _wrong(column, row, _value(values, row), "a number within the range of float32")


def _check_present(values: pa.Array, column: Column) -> None:
    nan = column.null == "nan" and pa.types.is_floating(values.type)
    if not values.null_count and not (nan and _any_nan(values)):
        return
    missing = values.is_null(nan_is_null=nan)
    if pc.any(missing).as_py():
        row = missing.index(True).as_py()
        raise _wrong(column, row, None, _expected(column))


def _any_nan(values: pa.Array) -> bool:
    """Tell whether a NaN is among floats of which none is null; the least of them is NaN then."""
    return bool(len(values)) and bool(np.isnan(np.min(values.to_numpy())))


def _check_limits(values: pa.Array, column: Column, low: float, high: float, expected: str) -> None:
    if not _is_number(values.type):
        return
    if _within(values, low, high):
        return
    for row, value in enumerate(values.to_pylist()):
        if value is not None and not low <= value <= high and value == value:  # noqa: PLR0124 - NaN is no fault
            raise _wrong(column, row, value, expected)


def _within(values: pa.Array, low: float, high: float) -> bool:
    """Tell whether all numbers that are there lie between the limits; NaN is no number."""
    if not values.null_count and len(values):  # numpy takes a tenth of the time that Arrow's call does
        cells = values.to_numpy()
        return not (np.fmin.reduce(cells).item() < low or np.fmax.reduce(cells).item() > high)
    bounds = pc.min_max(values)
    least, most = bounds["min"].as_py(), bounds["max"].as_py()
    return least is None or bool(least >= low and most <= high)


def _check_categories(values: pa.Array, column: Column, target: pa.DataType) -> None:
    known = pc.is_in(values, pa.array(column.categories, target))
    strange = pc.and_(pc.invert(known), values.is_valid())
    if pc.any(strange).as_py():
        row = strange.index(True).as_py()
        raise _wrong(column, row, _value(values, row), _expected(column))


def _tensor(rows: Mapping[str, Array], tensor: Tensor) -> Array:
    if tensor.name not in rows:
        raise Misfit(
            f"tensor {tensor.name!r} is missing; give {tensor.dtype}{_shape(tensor)} for each row",
            Fault("missing_column", tensor.name),
        )
    values = rows[tensor.name]
    cells = list(values) if values.dtype.kind == "O" else [values[0]] if len(values) else []
    for row, cell in enumerate(cells):
        _check_shape(np.asarray(cell), tensor, row)
    if values.dtype.kind == "O":
        ragged = np.empty(len(values), dtype=object)
        ragged[:] = [_tensor_cast(np.asarray(cell), tensor) for cell in values]
        return ragged
    return _tensor_cast(values, tensor)


def _shape(tensor: Tensor) -> str:
    return f"[{', '.join('any' if axis < 0 else str(axis) for axis in tensor.shape)}]"


def _check_shape(cell: Array, tensor: Tensor, row: int) -> None:
    fits = cell.ndim == len(tensor.shape) and all(
        wanted in {-1, length} for wanted, length in zip(tensor.shape, cell.shape, strict=True)
    )
    if not fits:
        raise Misfit(
            f"tensor {tensor.name!r}, row {row}: has shape {list(cell.shape)}; expected {_shape(tensor)}",
            Fault("shape", tensor.name),
        )


def _tensor_cast(values: Array, tensor: Tensor) -> Array:
    if tensor.dtype == "str":
        if values.dtype.kind == "U":
            return values
    else:
        target = np.dtype(tensor.dtype)
        if values.dtype == target:
            return values
        if values.dtype.kind in "iuf" and target.kind in "iuf":
            with np.errstate(over="ignore", invalid="ignore"):
                cast = values.astype(target)
            if target.kind == "f" and values.dtype.kind == "f":
                same = np.isfinite(cast) | ~np.isfinite(values)
            else:
                same = cast.astype(values.dtype) == values
            if same.all():
                return cast
    raise Misfit(
        f"tensor {tensor.name!r} has dtype {values.dtype}; expected values that {tensor.dtype} holds",
        Fault("type", tensor.name),
    )
