"""How large an Arrow IPC stream or file becomes when it is read, found before reading it.

A stream of some kilobytes may stand for terabytes: compressed buffers, columns of nulls, which have no bytes
at all, and dictionaries or views, in which many rows share one long text. Layout of messages:
https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MESSAGE_HEADER = 2
_BATCH_LENGTH, _BATCH_BUFFERS, _BATCH_COMPRESSION = 0, 2, 3
_DICTIONARY_BATCH = 1
_FOOTER_BLOCKS = (2, 3)
_FOOTER_END = 10
"""The bytes after a footer: its length and the magic."""
_PLAIN = -1
"""The length that says of a buffer in a compressed batch that it is not compressed."""
_VIEW_WORDS = 4


class Sizes(NamedTuple):
    """The rows of all batches, and the bytes that their compressed buffers say they hold."""

    rows: int
    inflated: int


def sizes(data: pa.Buffer, *, file: bool) -> Sizes:
    """Add up what the messages of a stream or file announce.

    Raises:
        pa.ArrowException, OSError: when the data are neither.
        struct.error: when the footer of a file is cut off.

    """
    rows = inflated = 0
    for message in _of_file(data) if file else _of_stream(data):
        if message.type not in {"record batch", "dictionary"}:
            continue
        table = _Table.root(message.metadata).table(_MESSAGE_HEADER)
        if message.type == "dictionary":
            table = table.table(_DICTIONARY_BATCH)
        else:
            rows += abs(table.int64(_BATCH_LENGTH))
        if table.field(_BATCH_COMPRESSION):
            inflated += _inflated(table, memoryview(message.body))
    return Sizes(rows, inflated)


def _of_stream(data: pa.Buffer) -> Iterator[pa.ipc.Message]:
    reader = pa.ipc.MessageReader.open_stream(data)
    while True:
        try:
            yield reader.read_next_message()
        except StopIteration:
            return


def _of_file(data: pa.Buffer) -> Iterator[pa.ipc.Message]:
    """Give the messages that the footer names; opening the file verifies the footer's own layout."""
    pa.ipc.open_file(data)
    view = memoryview(data)
    end = len(view) - _FOOTER_END
    length = struct.unpack_from("<i", view, end)[0]
    footer = _Table.root(view[end - length : end])
    for field in _FOOTER_BLOCKS:
        for offset, head, body in footer.structs(field, "<qi4xq"):
            if min(offset, head, body) < 0 or offset + head + body > len(view):
                raise OSError("the footer points outside the file")
            yield pa.ipc.read_message(data.slice(offset, head + body))


def expanded(column: pa.ChunkedArray) -> int:
    """Count the bytes of text that a column of a dictionary or of views holds once each row has its own.

    >>> words = pa.DictionaryArray.from_arrays(pa.array([0, 0, 1, None]), pa.array(["long", "er"]))
    >>> expanded(pa.chunked_array([words]))
    10
    """
    total = 0
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            lengths = pa.array(_lengths(chunk.dictionary))
            total += pc.sum(lengths.take(chunk.indices)).as_py() or 0
        elif pa.types.is_string_view(chunk.type):
            total += int(_lengths(chunk).sum())
    return total


def _lengths(texts: pa.Array) -> Any:
    """Measure each text, int64 [texts]; anything but text measures 0."""
    if pa.types.is_string_view(texts.type):
        words = np.frombuffer(texts.buffers()[1], dtype="<i4")
        lengths = words[texts.offset * _VIEW_WORDS :: _VIEW_WORDS][: len(texts)].astype(np.int64)
        return np.where(texts.is_valid().to_numpy(zero_copy_only=False), lengths, 0)
    if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type):
        return pc.fill_null(pc.binary_length(texts), 0).to_numpy().astype(np.int64)
    return np.zeros(len(texts), dtype=np.int64)


def _inflated(batch: _Table, body: memoryview) -> int:
    total = 0
    for start, length in batch.structs(_BATCH_BUFFERS, "<qq"):
        if length >= 8:  # noqa: PLR2004 - a compressed buffer begins with its length, an int64
            told = struct.unpack_from("<q", body, start)[0]
            total += length if told == _PLAIN else abs(told)
    return total


class _Table:
    """A table of a FlatBuffers message that pyarrow has verified."""

    def __init__(self, data: memoryview, position: int) -> None:
        self._data = data
        self._position = position

    @classmethod
    def root(cls, data: Any) -> _Table:
        view = memoryview(data)
        return cls(view, struct.unpack_from("<I", view, 0)[0])

    def field(self, index: int) -> int:
        """Give where the field stands, or 0 where it is left out."""
        layout = self._position - struct.unpack_from("<i", self._data, self._position)[0]
        entry = 4 + 2 * index
        if entry >= struct.unpack_from("<H", self._data, layout)[0]:
            return 0
        offset = struct.unpack_from("<H", self._data, layout + entry)[0]
        return self._position + offset if offset else 0

    def table(self, index: int) -> _Table:
        return _Table(self._data, self._follow(index))

    def int64(self, index: int) -> int:
        at = self.field(index)
        return int(struct.unpack_from("<q", self._data, at)[0]) if at else 0

    def structs(self, index: int, layout: str) -> Iterator[tuple[int, ...]]:
        """Read a vector of structs whose fields `layout` names."""
        if not self.field(index):
            return iter(())
        at = self._follow(index)
        size = struct.unpack_from("<I", self._data, at)[0] * struct.calcsize(layout)
        return struct.iter_unpack(layout, self._data[at + 4 : at + 4 + size])

    def _follow(self, index: int) -> int:
        at = self.field(index)
        return at + int(struct.unpack_from("<I", self._data, at)[0])
