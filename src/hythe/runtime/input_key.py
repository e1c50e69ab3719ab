"""The key of what a model is fed: equal keys, equal answers, however the rows were written by the client.

What a door has read, and a session has turned into its model's input, is all that an answer depends on; the
order of columns, white space, null or a missing name, and 1 or 1.0 are gone from it. Numbers count by their
bits, so 0.0 and -0.0 are two keys, as a model may tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hythe.bundle.rows import Array

if TYPE_CHECKING:
    import pyarrow as pa

    from hythe.bundle.rows import Rows

_KEY_BYTES = 16


def _packed(value: Any) -> Any:
    """Write what MessagePack has no word for: the arrays of ragged tensors, and numpy's scalars."""
    if isinstance(value, np.ndarray):
        return list(_array("", value))
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a cell is a {type(value).__name__}")


_encode = msgspec.msgpack.Encoder(enc_hook=_packed).encode


def input_key(fed: Rows) -> bytes:
    """Hash what a model is fed, 16 bytes of BLAKE2b (RFC 7693); no two inputs are known to share them.

    Raises:
        TypeError: when there is a cell that is neither text nor number.

    >>> row, rows = np.array([[1.0, 2.0]]), np.array([[1.0], [2.0]])
    >>> input_key({"numbers": row}) == input_key({"numbers": row[:, ::-1][:, ::-1]})
    True
    >>> input_key({"numbers": row}) == input_key({"numbers": rows})
    False
    """
    digest = blake2b(digest_size=_KEY_BYTES)
    parts = _tensors(fed) if isinstance(fed, Mapping) else _table(fed)
    for part in parts:
        digest.update(part)
    return digest.digest()


def _tensors(fed: Mapping[str, Array]) -> Iterator[bytes]:
    for name in sorted(fed):
        yield from _array(name, fed[name])


def _array(name: str, array: Array) -> Iterator[bytes]:
    """Give a head, which says how much follows, and the cells."""
    if array.dtype.kind in "OU":
        yield _encode((name, "text", array.shape))
        yield _encode(array.tolist())
    else:
        yield _encode((name, array.dtype.str, array.shape))
        yield array.tobytes()


def _table(table: pa.Table) -> Iterator[bytes]:
    """Give a table's cells whatever lies in memory where they are missing, and however it is chunked."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        numbers = _numbers(column)
        if numbers is None:
            yield _encode((name, str(column.type), column.to_pylist()))
        else:
            yield _encode((name, str(column.type), len(column)))
            yield np.packbits(column.is_null().to_numpy()).tobytes()
            yield numbers.tobytes()


def _numbers(column: pa.ChunkedArray) -> Array | None:
    """Give a column's cells as numbers, 0 for the missing; None for text."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    return np.asarray(column.fill_null(0).to_numpy())
