"""Rows and answers as Apache Arrow IPC, as a stream or a file; tensors as lists of fixed size."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from math import prod

import msgspec
import numpy as np
import pyarrow as pa

from hythe.base.errors import Invalid, Malformed, TooLarge
from hythe.bundle.conform import conform
from hythe.bundle.rows import Array
from hythe.bundle.schema import Output, Tensor
from hythe.dataplane.admit import Limits
from hythe.runtime.batch import Batch, RowReader
from hythe.server.http.arrow_sizes import expanded, sizes
from hythe.server.http.body import Buffer
from hythe.server.http.outputs import text

_MAGIC = b"ARROW1\x00\x00"
_UNREADABLE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, EOFError, struct.error)
_MOST_GROWTH = 4
"""Arrow data may become this many times the largest body when they are read."""


def read_arrow(body: Buffer, rows: RowReader, limits: Limits) -> Batch:
    """Read an Arrow IPC stream or file into a batch, without copying what fits the schema already.

    A tensor is a column of lists of equal size, nested or flat where the schema knows every length.

    Raises:
        Malformed: when the bytes are no Arrow data.
        TooLarge: when they become too many rows or bytes.
        Invalid: naming the column, the row, the value and what was expected.

    """
    table = read_ipc(body, limits)
    if rows.schema.columns:
        return conform(table, rows.schema)
    known = {tensor.name: tensor for tensor in rows.schema.tensors}
    names = table.column_names
    if len(set(names)) < len(names):
        raise Invalid("a column appears more than once; give each once")
    arrays = {name: _array(table.column(name), name, known.get(name)) for name in names}
    batch: Batch = rows.convert_columns(arrays)
    return batch


def write_arrow(
    answers: Mapping[str, Array], outputs: Sequence[Output], facts: Mapping[str, str], *, file: bool
) -> bytes:
    """Write answers, one column for each output; `facts` go into the schema's metadata.

    Scores are lists of fixed size, whose classes are in the field's metadata as JSON (`classes`).
    """
    classes = {output.name: output.classes for output in outputs if output.classes is not None}
    columns = {name: _column(array) for name, array in answers.items()}
    fields = [
        pa.field(
            name,
            column.type,
            metadata={"classes": msgspec.json.encode(classes[name])} if name in classes else None,
        )
        for name, column in columns.items()
    ]
    table = pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields, metadata=dict(facts)))
    sink = pa.BufferOutputStream()
    writer = pa.ipc.new_file(sink, table.schema) if file else pa.ipc.new_stream(sink, table.schema)
    with writer:
        writer.write_table(table)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def read_ipc(body: Buffer, limits: Limits) -> pa.Table:
    """Read an Arrow IPC stream or file as it is.

    Raises:
        Malformed: when the bytes are no Arrow data.
        TooLarge: when they become too many rows or bytes.

    """
    try:
        return _table(body, limits)
    except _UNREADABLE as err:
        raise Malformed(f"the body cannot be read as Arrow data: {err}; send an IPC stream or file") from err


def _table(body: Buffer, limits: Limits) -> pa.Table:
    data, file = pa.py_buffer(body), body[: len(_MAGIC)] == _MAGIC
    told = sizes(data, file=file)
    limits.admit_rows(told.rows)
    _admit(told.inflated, limits)
    table = (pa.ipc.open_file if file else pa.ipc.open_stream)(data).read_all()
    table.validate(full=True)
    limits.admit_rows(table.num_rows)
    _admit(sum(expanded(column) for column in table.columns), limits)
    return table


def _admit(size: int, limits: Limits) -> None:
    if size > limits.body_bytes * _MOST_GROWTH:
        most = limits.body_bytes * _MOST_GROWTH
        raise TooLarge(f"the Arrow data become {size} bytes, more than {most}; send fewer rows")


def _array(column: pa.ChunkedArray, name: str, tensor: Tensor | None) -> Array:
    """Turn a column of scalars or lists into one array, the row axis first."""
    values = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    shape = [len(values)]
    while not pa.types.is_primitive(values.type) and not pa.types.is_string(values.type):
        if values.null_count:
            raise Invalid(f"column {name!r} has missing values; this model takes tensors without any")
        values, length = _inside(values, name)
        shape += length
    if values.null_count:
        raise Invalid(f"column {name!r} has missing values; this model takes tensors without any")
    if tensor is not None and min(tensor.shape, default=0) >= 0 and len(shape) <= 2:  # noqa: PLR2004 - a flat list
        shape = [shape[0], *tensor.shape] if prod(shape) == shape[0] * prod(tensor.shape) else shape
    if pa.types.is_string(values.type):
        return np.array(values.to_pylist(), dtype=np.str_).reshape(shape)
    array: Array = values.to_numpy(zero_copy_only=False)
    return array.reshape(shape)


def _inside(values: pa.Array, name: str) -> tuple[pa.Array, list[int]]:
    """Go one step into lists or a wrapping type; gives the values inside and the lengths of the new axes."""
    kind = values.type
    if isinstance(values, pa.ExtensionArray):
        shape = list(getattr(kind, "shape", ()))
        return (values.storage.flatten(), shape) if shape else (values.storage, [])
    if pa.types.is_fixed_size_list(kind):
        return values.flatten(), [kind.list_size]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = np.diff(values.offsets.to_numpy())
        if len(set(lengths.tolist())) > 1:
            raise Invalid(f"column {name!r} has lists of different lengths; send rows of one shape together")
        return values.flatten(), [int(lengths[0]) if len(lengths) else 0]
    if pa.types.is_dictionary(kind):
        return values.dictionary_decode(), []
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string()), []
    raise Invalid(
        f"column {name!r} holds {kind}; a tensor is numbers, booleans or strings, or lists of those"
    )


def _column(array: Array) -> pa.Array:
    """Turn one output into a column; axes after the first become lists of fixed size."""
    if array.dtype.kind in "OU":
        listed = array.tolist()
        try:
            return pa.array(listed)
        except pa.ArrowException:
            return pa.array([text(value) for value in listed])
    column = pa.array(np.ascontiguousarray(array).reshape(-1), from_pandas=False)
    if 0 in array.shape[1:]:
        return pa.array(array.tolist())
    for length in reversed(array.shape[1:]):
        column = pa.FixedSizeListArray.from_arrays(column, length)
    return column
