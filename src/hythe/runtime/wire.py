"""Messages between a process and its child over a socket: a JSON header, then raw bytes; never a pickle.

A frame is two little-endian unsigned integers (header length, 4 bytes; payload length, 8 bytes), the header
and the payload. Tables travel as Arrow IPC, arrays as their bytes, arrays of objects (labels) as JSON.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np
import pyarrow as pa

from hythe.base.errors import Corrupt
from hythe.bundle.rows import Array, Rows
from hythe.bundle.schema import Schema

_PREFIX = struct.Struct("<IQ")
_MOST_HEADER = 64 * 2**20
_MOST_PAYLOAD = 2**31
_RAW_KINDS = "biufcU"


class Part(msgspec.Struct, frozen=True):
    """One piece of a payload; `form` says how its `size` bytes are to be read."""

    name: str
    form: Literal["arrow", "raw", "json"]
    size: int
    dtype: str = ""
    shape: tuple[int, ...] = ()


class Load(msgspec.Struct, frozen=True, tag="load"):
    """To the child: load this model. Its first message."""

    flavor: str
    format: str
    folder: str
    schema: Schema


class Predict(msgspec.Struct, frozen=True, tag="predict"):
    """To the child: answer these rows."""

    parts: tuple[Part, ...]


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """From the child: the model is there."""


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """From the child: the answers, one part for each output."""

    parts: tuple[Part, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """From the child: the model raised; `row` is the first that it raises on by itself, if any is."""

    message: str
    row: int | None = None


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """From the child: the model cannot be loaded, or ran out of memory."""

    message: str


Message = Load | Predict | Loaded | Answered | Refused | Failed
_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def send(channel: socket.socket, message: Message, payload: bytes = b"") -> None:
    """Write one frame."""
    header = msgspec.json.encode(message)
    channel.sendall(b"".join((_PREFIX.pack(len(header), len(payload)), header, payload)))


def receive(channel: socket.socket) -> tuple[Message, memoryview]:
    """Read one frame.

    Raises:
        EOFError: when the other side has closed the socket.
        Corrupt: when what arrives is no frame.
        TimeoutError: when the socket's timeout passes.

    """
    header_size, payload_size = _PREFIX.unpack(_exactly(channel, _PREFIX.size))
    if header_size > _MOST_HEADER or payload_size > _MOST_PAYLOAD:
        raise Corrupt(f"a frame of {header_size} + {payload_size} bytes; the model's process wrote nonsense")
    header = _exactly(channel, header_size)
    payload = _exactly(channel, payload_size)
    try:
        return _DECODER.decode(header), payload
    except msgspec.DecodeError as err:
        raise Corrupt(f"the model's process wrote no message: {err}") from err


def pack(values: Rows | Mapping[str, Array]) -> tuple[tuple[Part, ...], bytes]:
    """Turn rows or answers into parts and their bytes.

    >>> parts, payload = pack({"label": np.array(["yes", None], dtype=object), "value": np.array([1.5, 2])})
    >>> {name: array.tolist() for name, array in unpack(parts, memoryview(payload)).items()}
    {'label': ['yes', None], 'value': [1.5, 2.0]}
    """
    if isinstance(values, pa.Table):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, values.schema) as writer:
            writer.write_table(values)
        data: bytes = sink.getvalue().to_pybytes()
        return (Part("", "arrow", len(data)),), data
    parts, pieces = [], []
    for name, array in values.items():
        raw = array.dtype.kind in _RAW_KINDS
        piece = np.ascontiguousarray(array).tobytes() if raw else msgspec.json.encode(array.tolist())
        parts.append(
            Part(name, "raw" if raw else "json", len(piece), array.dtype.str if raw else "O", array.shape)
        )
        pieces.append(piece)
    return tuple(parts), b"".join(pieces)


def unpack(parts: tuple[Part, ...], payload: memoryview) -> Any:
    """Rebuild what `pack` took.

    Raises:
        Corrupt: when parts and payload do not agree.

    """
    if len(parts) == 1 and parts[0].form == "arrow":
        return pa.ipc.open_stream(payload).read_all()
    values: dict[str, Array] = {}
    start = 0
    for part in parts:
        piece = payload[start : start + part.size]
        start += part.size
        try:
            values[part.name] = _array(part, piece)
        except (ValueError, TypeError, msgspec.DecodeError) as err:
            raise Corrupt(f"part {part.name!r} of a message cannot be read: {err}") from err
    return values


def _array(part: Part, piece: memoryview) -> Array:
    if part.form == "json":
        array = np.empty(part.shape, dtype=object)
        array[...] = msgspec.json.decode(piece) if part.shape else None
        return array
    dtype = np.dtype(part.dtype)
    if dtype.kind not in _RAW_KINDS:
        raise ValueError(f"dtype {part.dtype}")
    return np.frombuffer(piece, dtype=dtype).reshape(part.shape)


def _exactly(channel: socket.socket, size: int) -> memoryview:
    buffer = memoryview(bytearray(size))
    got = 0
    while got < size:
        count = channel.recv_into(buffer[got:])
        if count == 0:
            raise EOFError
        got += count
    return buffer
