"""Rows and answers as CSV (RFC 4180): typed by the schema, an empty cell is a missing value."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from hythe.base.amounts import number_or_text
from hythe.base.errors import Invalid, Malformed, Unsupported
from hythe.bundle.conform import conform
from hythe.bundle.misfit import Misfit, unknown_name
from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Output, Schema, Tensor
from hythe.bundle.types import arrow_type
from hythe.dataplane.admit import Limits
from hythe.runtime.answers import class_name
from hythe.runtime.batch import Batch, RowReader
from hythe.server.http.outputs import text

_MOST_HEADER = 2**20
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def read_csv(body: bytes, rows: RowReader, limits: Limits) -> Batch:
    """Read CSV into a batch; without a line of names the columns are the schema's, in order.

    The first line has names when any of its cells is one of the schema's.

    Raises:
        Malformed: when the body is no CSV.
        TooLarge: for too many rows.
        Invalid: naming the column, the row, the value and what was expected.
        Unsupported: when the model takes tensors that have more than one value a row.

    """
    columns = _columns(rows.schema)
    names, named = _names(body, columns)
    read = arrow_csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1 if named else 0)
    try:
        table = _parse(body, read, {column.name: arrow_type(column) for column in columns})
    except pa.ArrowException:
        return _explained(body, read, rows, limits)
    limits.admit_rows(table.num_rows)
    if rows.schema.columns:
        return conform(table, rows.schema)
    return _tensors(table.to_pydict(), rows)


def write_csv(answers: Mapping[str, Array], outputs: Sequence[Output]) -> bytes:
    """Write answers, a line of names first; scores have one column for each class: `probabilities.yes`."""
    classes = {output.name: output.classes for output in outputs if output.classes is not None}
    columns: dict[str, Any] = {}
    for name, array in answers.items():
        flat = array.reshape(len(array), -1)
        for index, label in enumerate(_labels(name, array.shape[1:], classes.get(name))):
            values = flat[:, index]
            columns[label] = [text(v) for v in values.tolist()] if values.dtype.kind in "OU" else values
    table = pa.table({name: pa.array(values, from_pandas=False) for name, values in columns.items()})
    sink = io.BytesIO()
    arrow_csv.write_csv(table, sink)
    return sink.getvalue()


def _labels(name: str, shape: Sequence[int], classes: Sequence[Any] | None) -> list[str]:
    if classes is not None and len(shape) == 1:
        return [f"{name}.{class_name(each)}" for each in classes]
    return [".".join([name, *map(str, place)]) for place in product(*map(range, shape))]


def _columns(schema: Schema) -> Sequence[Column]:
    """Give the columns of the schema; a tensor of one value a row is read as one."""
    return schema.columns or [_scalar(tensor) for tensor in schema.tensors]


def _scalar(tensor: Tensor) -> Column:
    if tensor.shape:
        raise Unsupported(
            f"CSV has no room for the tensor {tensor.name!r} {list(tensor.shape)}; send JSON, Arrow or bytes"
        )
    kind: Any = "string" if tensor.dtype == "str" else tensor.dtype
    return Column(tensor.name, kind)


def _names(body: bytes, columns: Sequence[Column]) -> tuple[list[str], bool]:
    """Find the columns' names, and whether they stand in the first line."""
    try:
        head = body[:_MOST_HEADER].decode("utf-8-sig", errors="ignore")
        first = next(csv.reader(io.StringIO(head)), [])
    except csv.Error as err:
        raise Malformed(f"the body's first line cannot be read as CSV: {err}; send RFC 4180") from err
    known = [column.name for column in columns]
    if not set(first) & set(known):
        return known, False
    unknown = next((name for name in first if name not in known), None)
    if unknown is not None:
        fault = unknown_name(unknown, known, first)
        raise Misfit(
            f"column {unknown!r} is not one that the model takes; it takes {', '.join(known)}", fault
        )
    if len(set(first)) < len(first):
        repeated = next(name for name in first if first.count(name) > 1)
        raise Invalid(f"column {repeated!r} appears more than once; give it once")
    return first, True


def _parse(body: bytes, read: arrow_csv.ReadOptions, types: Mapping[str, pa.DataType]) -> pa.Table:
    convert = arrow_csv.ConvertOptions(
        column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    parse = arrow_csv.ParseOptions(newlines_in_values=True)
    try:
        return arrow_csv.read_csv(
            pa.py_buffer(body), read_options=read, convert_options=convert, parse_options=parse
        )
    except (UnicodeDecodeError, OSError) as err:
        raise Malformed(f"the body cannot be read as CSV: {err}; send UTF-8") from err


def _explained(body: bytes, read: arrow_csv.ReadOptions, rows: RowReader, limits: Limits) -> Batch:
    """Read cell by cell what the fast way refused: spellings that are right, or the first that is wrong."""
    try:
        table = _parse(body, read, dict.fromkeys(read.column_names, pa.string()))
    except pa.ArrowException as err:
        raise Malformed(f"the body cannot be read as CSV: {err}; send lines of equal length") from err
    limits.admit_rows(table.num_rows)
    known = {column.name: _reader(column) for column in _columns(rows.schema)}
    cells = {name: [known[name](cell) for cell in values] for name, values in table.to_pydict().items()}
    if not rows.schema.columns:
        return _tensors(cells, rows)
    batch: Batch = rows.convert_columns(cells)
    return batch


def _tensors(cells: Mapping[str, list[Any]], rows: RowReader) -> Batch:
    for name, values in cells.items():
        if None in values:
            raise Invalid(f"column {name!r} has no value in row {values.index(None)}; give each row one")
    texts = {tensor.name for tensor in rows.schema.tensors if tensor.dtype == "str"}
    batch: Batch = rows.convert_columns(
        {name: np.array(values, dtype=np.str_) if name in texts else values for name, values in cells.items()}
    )
    return batch


def _reader(column: Column) -> Callable[[str | None], Any]:
    """Make what reads one cell; text that is no value of the column is left for the schema to refuse."""
    sample = column.categories[0] if column.categories else None
    kind = column.type if sample is None else type(sample).__name__
    if kind in {"string", "str", "timestamp", "category"}:
        return lambda cell: cell
    if kind == "bool":
        return lambda cell: _TRUTH.get(cell.lower(), cell) if cell else None
    return lambda cell: number_or_text(cell) if cell else None
