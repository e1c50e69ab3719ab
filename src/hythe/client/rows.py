"""What users bring, as the body of a request: JSON for rows, Arrow for tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import msgspec

from hythe.base.errors import Invalid

Rows: TypeAlias = Sequence[Mapping[str, Any]] | Mapping[str, Any] | Any
"""Rows (a list of dictionaries), one row, columns (a dictionary of lists or arrays), or a table: pandas,
polars, Arrow, and whatever else speaks Arrow's PyCapsule interface."""

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"
_FEW_ROWS = 32
_MISSING = {"NAType", "NaTType"}


class Body(NamedTuple):
    """Bytes and what they are."""

    content: bytes
    media: str


def body_of(data: Rows) -> Body:
    """Write `data` as the server reads it.

    Rows travel as JSON, tables and longer columns as an Arrow stream; so do rows with an infinity, which JSON
    does not have. NaN in JSON is a missing value.

    >>> body_of([{"tenure": 4}]).content, body_of({"tenure": 4}).content, body_of({"tenure": [4, 9]}).content
    (b'{"rows":[{"tenure":4}]}', b'{"rows":[{"tenure":4}]}', b'{"columns":{"tenure":[4,9]}}')

    Raises:
        Invalid: when it is none of what is taken, or does not fit together.

    """
    if isinstance(data, Mapping):
        columns = {str(name): value for name, value in data.items()}
        return _columns(columns) if any(map(_is_array, columns.values())) else _rows([columns])
    if is_table(data):
        return table_body(data)
    if isinstance(data, Sequence) and all(isinstance(row, Mapping) for row in data):
        return _rows(data)
    raise Invalid(
        f"the rows are a {type(data).__name__}; give a list of dictionaries, a dictionary of columns, a table"
    )


def is_table(data: Any) -> bool:
    """Tell whether data speak Arrow's PyCapsule interface."""
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def _rows(rows: Sequence[Mapping[str, Any]]) -> Body:
    if any(_infinite(value) for row in rows for value in row.values()):
        return _arrow(lambda pa: pa.Table.from_pylist([dict(row) for row in rows]))
    return json_body({"rows": rows})


def _columns(columns: dict[str, Any]) -> Body:
    lengths = {name: len(value) if _is_array(value) else None for name, value in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name}: {length or 'no list'}" for name, length in lengths.items())
        raise Invalid(f"the columns differ in length ({listed}); give one value for each row")
    tensors = any(getattr(value, "ndim", 1) > 1 for value in columns.values())
    few = (next(iter(lengths.values())) or 0) <= _FEW_ROWS
    if tensors or (few and not any(_infinite(value) or _kind(value) == "M" for value in columns.values())):
        return json_body({"columns": columns})
    return _arrow(lambda pa: pa.table(columns))


def table_body(data: Any) -> Body:
    """Write a table as an Arrow stream; raises Invalid."""
    if type(data).__module__.partition(".")[0] == "pandas":
        return _arrow(lambda pa: pa.Table.from_pandas(data, preserve_index=False))
    return _arrow(lambda pa: pa.table(data))


def _arrow(make: Any) -> Body:
    import pyarrow as pa

    try:
        table = make(pa)
    except (pa.ArrowException, TypeError) as err:
        raise Invalid(f"the rows do not make a table: {err}; give each column values of one type") from err
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return Body(sink.getvalue().to_pybytes(), ARROW)


def json_body(document: Any) -> Body:
    """Write a document as JSON; raises Invalid."""
    try:
        return Body(msgspec.json.encode(document, enc_hook=_plain), JSON)
    except (TypeError, msgspec.MsgspecError) as err:
        raise Invalid(
            f"the rows cannot be written as JSON: {err}; give numbers, text, times or None"
        ) from err


def _plain(value: Any) -> Any:
    """Write arrays and scalars of numpy and pandas, and what else knows how to become a list."""
    if type(value).__name__ in _MISSING:
        return None
    if isinstance(value, datetime):  # pandas' own kind of it
        return value.isoformat()
    if _kind(value) == "M":  # its tolist gives nanoseconds as plain integers
        import numpy as np

        return np.datetime_as_string(value).tolist()
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"a value is a {type(value).__name__}")


def _is_array(value: Any) -> bool:
    if isinstance(value, str | bytes | Mapping):
        return False
    return hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0


def _kind(value: Any) -> str:
    return str(getattr(getattr(value, "dtype", None), "kind", ""))


def _infinite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isinf(value)
    if _kind(value) == "f":
        import numpy as np

        return bool(np.isinf(value).any())
    return isinstance(value, list | tuple) and any(map(_infinite, value))
