"""What a process and its child say to each other: typed headers, rows and arrays as bytes; never a pickle.

Tables travel as Arrow IPC, arrays as their bytes, arrays of objects (labels) as JSON. How the bytes get
across is the channel's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from hythe.base.errors import Corrupt
from hythe.bundle.rows import Array, Rows
from hythe.bundle.schema import Schema

_RAW_KINDS = "biufcU"
_ALIGNMENT = 64
_SMALL_CELLS = 2**13
SMALL = 2**16
"""Payloads up to this many bytes go through the socket; larger ones through shared memory.

Measured, there and back, socket against shared memory: one row of 30 numbers 62 against 87 µs, 24 kB 84
against 109 µs, 240 kB 142 against 91 µs, 2.4 MB 3,060 against 570 µs.
"""


class Part(msgspec.Struct, frozen=True):
    """One piece of a payload; `form` says how its `size` bytes are to be read."""

    name: str
    form: Literal["arrow", "raw", "json"]
    size: int
    dtype: str = ""
    shape: tuple[int, ...] = ()


class Load(msgspec.Struct, frozen=True, omit_defaults=True, tag="load"):
    """To the child: load this model. Its first message.

    `python` is the interpreter of the environment to run in, "" for this process's own. `device` is `cpu`,
    `cuda:N` or `auto`. `point` is where the flavor is (`module:attribute`); the parent fills it in.
    """

    flavor: str
    format: str
    folder: str
    schema: Schema
    python: str = ""
    device: str = "cpu"
    point: str = ""


class Predict(msgspec.Struct, frozen=True, tag="predict"):
    """To the child: answer these rows."""

    parts: tuple[Part, ...]


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """From the child: the model is there, on this device."""

    device: str = "cpu"


class Answered(msgspec.Struct, frozen=True, omit_defaults=True, tag="answered"):
    """From the child: the answers, one part for each output.

    `refused` are the positions of the rows that the model raises on by themselves; `reasons` is what it says,
    for the first of them.
    """

    parts: tuple[Part, ...]
    refused: tuple[int, ...] = ()
    reasons: dict[int, str] = {}


class Failed(msgspec.Struct, frozen=True, omit_defaults=True, tag="failed"):
    """From the child, before it ends: the model cannot be loaded, or `memory` did not suffice."""

    message: str
    memory: bool = False


Message: TypeAlias = Load | Predict | Loaded | Answered | Failed
_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
_encode = msgspec.json.Encoder().encode


def encode(message: Message) -> bytes:
    """Write a header."""
    return _encode(message)


def decode(header: bytes | memoryview) -> Message:
    """Read a header; raises Corrupt."""
    try:
        return _DECODER.decode(header)
    except msgspec.DecodeError as err:
        raise Corrupt(f"the model's process wrote no message: {err}") from err


class Payload:
    """Rows or answers on their way: `parts` describe them, `write` lays them down in `size` bytes.

    `shared` says that they go through shared memory.

    >>> sent = Payload({"label": np.array(["yes", None], dtype=object), "value": np.array([1.5, 2])})
    >>> place = memoryview(bytearray(sent.size))
    >>> sent.write(place)
    >>> {name: array.tolist() for name, array in unpack(sent.parts, place).items()}
    {'label': ['yes', None], 'value': [1.5, 2.0]}
    """

    __slots__ = ("_pieces", "_table", "parts", "shared", "size")

    def __init__(self, values: Rows | Mapping[str, Array]) -> None:
        self._table: Any = None
        self._pieces: list[bytes | memoryview] = []
        if isinstance(values, Mapping):
            self.parts = tuple([self._array(name, array) for name, array in values.items()])
        else:
            self.parts = (Part("", "arrow", self._arrow(values)),)
        self.size = sum([aligned(part.size) for part in self.parts])
        self.shared = self.size > SMALL or self._table is not None

    def _array(self, name: str, array: Array) -> Part:
        if array.dtype.kind not in _RAW_KINDS:
            text = msgspec.json.encode(array.tolist())
            self._pieces.append(text)
            return Part(name, "json", len(text), "O", array.shape)
        self._pieces.append(_bytes(array))
        return Part(name, "raw", array.nbytes, array.dtype.str, array.shape)

    def _arrow(self, table: Any) -> int:
        """Take a table; give its size."""
        import pyarrow as pa

        # A large table is written where it is to lie, which needs its size first; a small one is built once.
        if table.num_rows * table.num_columns > _SMALL_CELLS:
            self._table = table
            measure = pa.MockOutputStream()
            _write_table(measure, table)
            return int(measure.size())
        sink = pa.BufferOutputStream()
        _write_table(sink, table)
        piece = memoryview(sink.getvalue()).cast("B")
        self._pieces.append(piece)
        return len(piece)

    def small(self) -> bytes:
        """Give what `write` would lay down, for a payload that is not `shared`."""
        if len(self._pieces) == 1 and self.size == len(self._pieces[0]):
            return bytes(self._pieces[0])
        return b"".join([bytes(piece).ljust(aligned(len(piece)), b"\0") for piece in self._pieces])

    def write(self, target: memoryview) -> None:
        """Lay it down at the beginning of `target`."""
        if self._table is not None:
            import pyarrow as pa

            _write_table(pa.FixedSizeBufferWriter(pa.py_buffer(target)), self._table)
            return
        start = 0
        for piece in self._pieces:
            target[start : start + len(piece)] = piece
            start += aligned(len(piece))


def unpack(parts: tuple[Part, ...], payload: memoryview) -> Any:
    """Rebuild what a `Payload` was made of, as views of `payload`.

    Raises:
        Corrupt: when parts and payload do not agree.

    """
    if len(parts) == 1 and parts[0].form == "arrow":
        import pyarrow as pa

        return pa.ipc.open_stream(payload).read_all()
    return unpack_arrays(parts, payload)


def unpack_arrays(parts: tuple[Part, ...], payload: memoryview) -> dict[str, Array]:
    """Rebuild arrays only: what a process that is not trusted may send."""
    values: dict[str, Array] = {}
    start = 0
    for part in parts:
        piece = payload[start : start + part.size]
        start += aligned(part.size)
        try:
            values[part.name] = _array(part, piece)
        except (ValueError, TypeError, msgspec.DecodeError) as err:
            raise Corrupt(f"part {part.name!r} of a message cannot be read: {err}") from err
    return values


def _bytes(array: Array) -> bytes | memoryview:
    """Give the bytes of an array; a copy where that is quicker than a view."""
    if array.nbytes <= SMALL:
        return array.tobytes()
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _array(part: Part, piece: memoryview) -> Array:
    if part.form == "json":
        array = np.empty(part.shape, dtype=object)
        array[...] = msgspec.json.decode(piece) if part.shape else None
        return array
    dtype = np.dtype(part.dtype)
    if part.form != "raw" or dtype.kind not in _RAW_KINDS:
        raise ValueError(f"form {part.form}, dtype {part.dtype}")
    return np.frombuffer(piece, dtype=dtype).reshape(part.shape)


def _write_table(sink: Any, table: Any) -> None:
    import pyarrow as pa

    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def aligned(size: int) -> int:
    """Round up to where the next array may begin: vector instructions like whole cache lines.

    >>> aligned(1), aligned(64)
    (64, 64)
    """
    return -(-size // _ALIGNMENT) * _ALIGNMENT
