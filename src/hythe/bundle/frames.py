"""From the user's own data to rows, and back to exactly what the original model was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hythe.base.errors import Invalid
from hythe.bundle.containers import arrays, pandas, records, tables
from hythe.bundle.found import Found
from hythe.bundle.rows import Array, Rows
from hythe.bundle.schema import Container, Schema

_BUILDERS = {
    "pandas": pandas.build,
    "polars": tables.build_polars,
    "arrow": tables.build,
    "numpy": arrays.build,
    "dicts": records.build,
    "columns": records.build_columns,
    "sequence": arrays.build_sequence,
}
TENSOR = "input"
"""The name of the one tensor of a model that was called with a bare array of three or more axes."""


def to_rows(examples: Any) -> Rows:
    """Turn data of any known container into rows.

    Raises:
        Invalid: when the container is unknown or a column cannot be expressed.

    >>> to_rows([{"age": 41, "plan": "gold"}, {"age": 23, "plan": None}])["plan"].to_pylist()
    ['gold', None]
    """
    _, found = read(examples)
    if isinstance(found, Mapping):
        return dict(found)
    names = [item.name for item in found]
    check_unique(names)
    return pa.table([item.array for item in found], names=names)


def check_unique(names: Sequence[str]) -> None:
    """Raise Invalid for a column name that appears twice."""
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"column {repeated!r} appears more than once; give each column a name of its own")


def to_native(rows: Rows, schema: Schema) -> Any:
    """Rebuild from conformed rows the object that the original model was called with.

    >>> schema = Schema((), container="tensors")
    >>> to_native({"pixels": np.zeros((2, 3, 3))}, schema)["pixels"].shape
    (2, 3, 3)
    """
    if isinstance(rows, pa.Table):
        return _BUILDERS[schema.container](rows, schema)
    tensors = {name: _dense(values) for name, values in rows.items()}
    return tensors[TENSOR] if schema.container == "numpy" else tensors


def _dense(values: Array) -> Array:
    """Stack an array of arrays whose shapes agree, as those of one row do."""
    if values.dtype.kind != "O" or len({np.shape(cell) for cell in values}) != 1:
        return values
    return np.stack(list(values))


def read(examples: Any) -> tuple[Container, list[Found] | Mapping[str, Array]]:
    """Recognise the container and read its columns, or its tensors.

    Raises:
        Invalid: when the container is unknown or a column cannot be expressed.

    """
    package = type(examples).__module__.partition(".")[0]
    if package in {"pandas", "polars"}:
        return _read_frame(examples, package)
    if isinstance(examples, pa.Table | pa.RecordBatch):
        return "arrow", tables.read(examples)
    if isinstance(examples, np.ndarray):
        return _read_array(examples)
    if isinstance(examples, Mapping):
        return _read_mapping(examples)
    if isinstance(examples, Sequence) and not isinstance(examples, str | bytes):
        return _read_sequence(examples)
    if package == "scipy":
        raise Invalid("examples are a sparse matrix; give examples.toarray()")
    raise _unknown(examples)


def _unknown(examples: Any) -> Invalid:
    return Invalid(
        f"examples are {type(examples).__name__}; give a pandas or polars DataFrame, an Arrow table, a numpy "
        "array, a list of dictionaries, or a dictionary of columns or of arrays"
    )


def _read_frame(examples: Any, package: str) -> tuple[Container, list[Found]]:
    kind = type(examples).__name__
    if package == "pandas" and kind == "Series":
        return "sequence", arrays.read_sequence(examples)
    if kind != "DataFrame":
        raise _unknown(examples)
    return (
        ("pandas", pandas.read(examples)) if package == "pandas" else ("polars", tables.read_polars(examples))
    )


def _read_array(examples: Array) -> tuple[Container, list[Found] | Mapping[str, Array]]:
    if examples.ndim > 2:  # noqa: PLR2004 - rows and columns
        return "numpy", arrays.read_tensors({TENSOR: examples})
    if examples.dtype.names is not None:
        raise Invalid("examples are an array of records; give a DataFrame or a dictionary of columns")
    if examples.ndim == 1:
        return "sequence", arrays.read_sequence(examples)
    if examples.ndim == 0:
        raise _unknown(examples)
    return "numpy", arrays.read(examples)


def _read_mapping(examples: Mapping[str, Any]) -> tuple[Container, list[Found] | Mapping[str, Array]]:
    if any(_is_tensor(values) for values in examples.values()):
        return "tensors", arrays.read_tensors(examples)
    scalars = [name for name, values in examples.items() if np.ndim(values) == 0 or isinstance(values, str)]
    if scalars:
        raise Invalid(f"{scalars[0]!r} is a single value; give a list of rows: [{{…}}], or lists as columns")
    return "columns", records.read_columns(examples)


def _is_tensor(values: Any) -> bool:
    if isinstance(values, np.ndarray):
        return values.ndim > 1 or (
            values.dtype.kind == "O" and any(isinstance(v, np.ndarray) for v in values)
        )
    return isinstance(values, list | tuple) and any(isinstance(cell, np.ndarray) for cell in values)


def _read_sequence(examples: Sequence[Any]) -> tuple[Container, list[Found] | Mapping[str, Array]]:
    if examples and isinstance(examples[0], list | tuple):
        return _read_array(as_array(examples))
    if not examples or isinstance(examples[0], Mapping):
        return "dicts", records.read(examples)
    return "sequence", arrays.read_sequence(examples)


def as_array(lists: Sequence[Any]) -> Array:
    """Make the array that a list of lists stands for; mixed with text, numbers stay numbers.

    Raises:
        Invalid: when the lists have different lengths.

    """
    try:
        array = np.asarray(lists)
        return array if array.dtype.kind not in "US" else np.array(lists, dtype=object)
    except ValueError as err:
        raise Invalid("examples are lists of different lengths; give each row the same columns") from err
