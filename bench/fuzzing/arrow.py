"""Arrow tables that a client should not send: other types, lying layouts, odd metadata, broken bytes."""

from __future__ import annotations

import contextlib
import datetime as dt
import struct
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa

from fuzzing.doors import columns_of, some_rows
from fuzzing.havoc import havoc
from fuzzing.subjects import Subject

_Columns = dict[str, pa.Array]
_MOST_CELLS = 1000
_NAMED, _MORE = "ARROW:extension:name", "ARROW:extension:metadata"


def arrow_body(rng: Random, subject: Subject) -> tuple[bytes, str, str]:
    """Make a body; gives its bytes, `stream` or `file`, and what was done."""
    columns = _columns(rng, subject)
    done = []
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        change = rng.choice(CHANGES)
        with contextlib.suppress(pa.ArrowException):  # what Arrow itself refuses to make stays as it is
            columns = change(rng, columns)
            done.append(change.__name__.strip("_"))
    kind = rng.choice(("stream", "file"))
    body = b"ARROW1\0\0"
    with contextlib.suppress(pa.ArrowException):
        body = _written(rng, columns, file=kind == "file")
    if rng.random() < 0.5:
        body, done = (_replanted if rng.random() < 0.5 else havoc)(rng, body), [*done, "havoc"]
    return body, kind, "+".join(done) or "right"


def _replanted(rng: Random, body: bytes) -> bytes:
    """Write extreme integers where integers stand: offsets, lengths, indices, counts."""
    data = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        layout = rng.choice(("<i", "<q"))
        at = rng.randrange(0, max(len(data) - 8, 8), 4)
        if at + 8 <= len(data):
            struct.pack_into(layout, data, at, rng.choice((0, -1, 1, 7, 2**31 - 1, -(2**31), 1000, 100_000)))
    return bytes(data)


def _columns(rng: Random, subject: Subject) -> _Columns:
    found = {}
    for name, values in columns_of(some_rows(rng, subject)).items():
        shape = next(shape for each, _, shape in subject.inputs if each == name)
        if subject.name == "image":
            found[name] = _fixed(np.array(values, dtype=np.uint8))
        elif shape:
            found[name] = pa.array(values, pa.list_(pa.float32()))
        else:
            found[name] = pa.array(values)
    return found


def _fixed(array: Any) -> pa.Array:
    column = pa.array(array.reshape(-1))
    for length in reversed(array.shape[1:]):
        column = pa.FixedSizeListArray.from_arrays(column, length)
    return column


def _written(rng: Random, columns: _Columns, *, file: bool) -> bytes:
    compression = rng.choice((None, None, "lz4", "zstd"))
    options = pa.ipc.IpcWriteOptions(compression=compression, emit_dictionary_deltas=rng.random() < 0.5)
    fields = [pa.field(name, column.type, metadata=_metadata(rng)) for name, column in columns.items()]
    schema = pa.schema(fields, metadata=_metadata(rng))
    sink = pa.BufferOutputStream()
    writer = (pa.ipc.new_file if file else pa.ipc.new_stream)(sink, schema, options=options)
    batch = pa.RecordBatch.from_arrays(_of_one_length(list(columns.values())), schema=schema)
    with writer:
        for _ in range(rng.choice((0, 1, 1, 1, 1, 3, 200))):
            writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _of_one_length(columns: list[pa.Array]) -> list[pa.Array]:
    least = min(map(len, columns), default=0)
    return [column.slice(0, least) for column in columns]


def _metadata(rng: Random) -> dict[str, str] | None:
    if rng.random() < 0.9:
        return None
    return rng.choice((
        {_NAMED: "arrow.fixed_shape_tensor", _MORE: '{"shape":[-1,9999999999]}'},
        {_NAMED: "arrow.json", _MORE: ""},
        {_NAMED: "arrow.uuid"}, {"pandas": "{"}, {"x" * 20_000: "y" * 20_000},
    ))  # fmt: skip


def _one(rng: Random, columns: _Columns, change: Callable[[pa.Array], pa.Array]) -> _Columns:
    name = rng.choice(list(columns))
    return {**columns, name: change(columns[name])}


def _other_type(rng: Random, columns: _Columns) -> _Columns:
    return _one(rng, columns, lambda column: _of_type(rng, min(len(column), _MOST_CELLS)))


def _of_type(rng: Random, length: int) -> pa.Array:
    """Make a column of any type that Arrow has."""
    day = dt.date(2026, 1, 1)
    made: tuple[Callable[[], pa.Array], ...] = (
        lambda: pa.nulls(length), lambda: pa.array([Decimal("1.5")] * length),
        lambda: pa.array([1] * length, pa.decimal256(70, 3)), lambda: pa.array([day] * length),
        lambda: pa.array([10**18] * length, pa.timestamp("ns", "Mars/Base")),
        lambda: pa.array([-1] * length, pa.duration("s")), lambda: pa.array([b"\xff\xfe"] * length),
        lambda: pa.array([b"\xff\xfe"] * length, pa.binary_view()),
        lambda: pa.array(["v" * 40] * length, pa.string_view()),
        lambda: pa.array([b"abcd"] * length, pa.binary(4)), lambda: pa.array([{"a": 1}] * length),
        lambda: pa.array([[("k", 1)]] * length, pa.map_(pa.string(), pa.int8())),
        lambda: pa.array([[[1, 2], [3]]] * length), lambda: pa.array([[1.0, None]] * length),
        lambda: pa.array([[1], []] * length)[:length], lambda: pa.array([1] * length, pa.uint64()),
        lambda: pa.array([2**64 - 1] * length, pa.uint64()),
        lambda: pa.array(np.full(length, np.nan, np.float16)),
        lambda: pa.array([float("inf")] * length), lambda: pa.array([True] * length),
        lambda: pa.array(["é"] * length, pa.large_string()),
        lambda: pa.array([[]] * length, pa.list_(pa.null())),
        lambda: pa.RunEndEncodedArray.from_arrays(pa.array([max(length, 1)], pa.int32()), pa.array([1.0])),
        lambda: pa.DictionaryArray.from_arrays(pa.array([0] * length, pa.int8()), pa.array(["monthly"])),
        lambda: pa.DictionaryArray.from_arrays(pa.nulls(length, pa.int8()), pa.array([], pa.string())),
        lambda: pa.UnionArray.from_sparse(pa.array([0] * length, pa.int8()), [pa.array([1] * length)]),
        lambda: pa.UnionArray.from_dense(
            pa.array([0] * length, pa.int8()), pa.array(range(length), pa.int32()), [pa.array([1] * length)]
        ),
        lambda: pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16] * length, pa.binary(16))),
        lambda: pa.ExtensionArray.from_storage(
            pa.fixed_shape_tensor(pa.float32(), [2, 2]),
            pa.array([[1, 2, 3, 4]] * length, pa.list_(pa.float32(), 4))
        ),
        lambda: pa.FixedSizeListArray.from_arrays(pa.array([], pa.float32()), type=pa.list_(pa.float32(), 0))
        if not length else pa.array([[]] * length, pa.list_(pa.float32(), 0)),
    )  # fmt: skip
    return rng.choice(made)()


def _wild_index(rng: Random, columns: _Columns) -> _Columns:
    """Point a dictionary's indices outside the dictionary."""
    index = rng.choice((5, -1, 2**31 - 1, -(2**31)))
    return _one(
        rng, columns,
        lambda column: pa.DictionaryArray.from_arrays(
            pa.array([index] * min(len(column), _MOST_CELLS), pa.int32()), pa.array(["monthly", "x"]),
            safe=False
        ),
    )  # fmt: skip


def _broken_text(rng: Random, columns: _Columns) -> _Columns:
    """Say that bytes are text."""
    data = pa.array([b"\xed\xa0\x80", b"\xff", b"\x00"] * 3)
    return _one(
        rng, columns, lambda column: pa.Array.from_buffers(pa.string(), min(len(column), 9), data.buffers())
    )


def _false_nulls(rng: Random, columns: _Columns) -> _Columns:
    """Say that there are other numbers of missing values than there are."""
    count = rng.choice((1, 2**40, 3))

    def lie(column: pa.Array) -> pa.Array:
        kind = column.type
        if not (pa.types.is_primitive(kind) or pa.types.is_string(kind)):
            return column
        return pa.Array.from_buffers(kind, len(column), column.buffers(), null_count=count)

    return _one(rng, columns, lie)


def _longer(rng: Random, columns: _Columns) -> _Columns:
    """Repeat the rows, up to what the limits refuse."""
    rows = rng.choice((100, 100, 1000, 9999, 10_001))
    return {
        name: column.take(pa.array(np.zeros(rows, np.int64))) if len(column) else column
        for name, column in columns.items()
    }


def _many_nulls(rng: Random, columns: _Columns) -> _Columns:
    """Announce rows that have no bytes."""
    rows = rng.choice((10_000, 10_001, 2**22))
    return {name: pa.nulls(rows) for name in columns}


def _other_names(rng: Random, columns: _Columns) -> _Columns:
    if rng.random() < 0.5:
        return {
            **columns,
            rng.choice(("", "x" * 3000, "tenure", "\x00")): pa.nulls(len(next(iter(columns.values()), []))),
        }
    return dict(list(columns.items())[1:]) or columns


def _sliced(rng: Random, columns: _Columns) -> _Columns:
    return _one(
        rng, columns, lambda column: pa.concat_arrays([column, column]).slice(len(column), len(column))
    )


CHANGES: tuple[Callable[[Random, _Columns], _Columns], ...] = (
    _other_type, _other_type, _other_type, _wild_index, _broken_text, _false_nulls, _longer,
    _many_nulls, _other_names, _sliced,
)  # fmt: skip
