"""Arrays in Arrow columns, one row a cell, bit by bit: how goldens store tensors and answers."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.rows import Array

Kind: TypeAlias = Literal["scalars", "lists", "texts", "cells"]
_NUMBERS = "biuf"


class Layout(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one array is stored: `shape` leaves out the row axis; `dtype` is numpy's name or `str`.

    Numbers are primitive Arrow values (`scalars`) or lists of one size (`lists`), one text a row is a string
    (`texts`); ragged arrays, texts of more axes and mixed objects are MessagePack (`cells`).
    """

    kind: Kind
    dtype: str
    shape: tuple[int, ...] = ()


def pack(name: str, values: Array, blank: NDArray[np.bool_]) -> tuple[Layout, pa.Array]:
    """Store `values`; rows marked `blank` mean nothing and become zeros, so that no byte depends on them.

    Raises:
        Invalid: when a cell holds what is neither number, boolean, text, missing nor an array of those.

    """
    kind = values.dtype.kind
    if kind in _NUMBERS and 0 not in values.shape[1:]:
        return _pack_numbers(
            np.where(blank.reshape(-1, *[1] * (values.ndim - 1)), values.dtype.type(0), values)
        )
    if values.ndim == 1 and all(
        isinstance(v, str) for v, empty in zip(values, blank, strict=True) if not empty
    ):
        texts = ["" if empty else str(v) for v, empty in zip(values, blank, strict=True)]
        return Layout("texts", "str" if kind == "U" else "object"), pa.array(texts, pa.string())
    cells = [None if empty else _pack_cell(name, v) for v, empty in zip(values, blank, strict=True)]
    raw = [msgspec.msgpack.encode(cell) for cell in cells]
    dtype = "str" if kind == "U" else str(values.dtype)
    return Layout("cells", dtype, values.shape[1:]), pa.array(raw, pa.binary())


def _pack_numbers(values: Array) -> tuple[Layout, pa.Array]:
    dtype = values.dtype.newbyteorder("=")
    flat = pa.array(np.ascontiguousarray(values, dtype=dtype).reshape(-1), from_pandas=False)
    if values.ndim == 1:
        return Layout("scalars", str(dtype)), flat
    size = int(np.prod(values.shape[1:]))
    return Layout("lists", str(dtype), values.shape[1:]), pa.FixedSizeListArray.from_arrays(flat, size)


def _pack_cell(name: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.kind in _NUMBERS:
            plain = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
            return {"dtype": plain.dtype.str, "shape": list(value.shape), "bytes": plain.tobytes()}
        items = [_pack_cell(name, item) for item in value.reshape(-1)]
        dtype = "str" if value.dtype.kind == "U" else "object"
        return {"dtype": dtype, "shape": list(value.shape), "items": items}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise Invalid(f"{name!r} holds {type(value).__name__}, which cannot be stored; return arrays or texts")


def unpack(layout: Layout, column: pa.Array) -> Array:
    """Read back what `pack` stored; blank rows are zero, empty or None.

    Raises:
        Corrupt: when a cell cannot be read.

    """
    if layout.kind == "texts":
        return _objects(column.to_pylist(), layout.dtype)
    if layout.kind == "scalars":
        return np.array(column.to_numpy(zero_copy_only=False))
    if layout.kind == "lists":
        size = column.type.list_size
        flat = column.values.slice(column.offset * size, len(column) * size)
        return np.array(flat.to_numpy(zero_copy_only=False)).reshape(len(column), *layout.shape)
    try:
        cells = [_unpack_cell(msgspec.msgpack.decode(raw)) for raw in column.to_pylist()]
        if layout.dtype == "object" and not layout.shape:
            return _objects(cells, "object")
        return _stack(cells, layout)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError) as err:
        raise Corrupt(f"a cell of the goldens cannot be read: {err}; fetch this version again") from err


def _unpack_cell(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    if "bytes" in cell:
        return np.frombuffer(cell["bytes"], dtype=cell["dtype"]).reshape(cell["shape"])
    return _objects([_unpack_cell(item) for item in cell["items"]], cell["dtype"]).reshape(cell["shape"])


def _stack(cells: list[Any], layout: Layout) -> Array:
    """Stack cells of one shape; a blank one is filled with zeros, empty texts or None."""
    dtype = np.dtype(str if layout.dtype == "str" else layout.dtype)
    blank = np.zeros(layout.shape, dtype=dtype) if dtype.kind != "O" else np.full(layout.shape, None)
    filled = [blank if cell is None else np.asarray(cell, dtype=dtype) for cell in cells]
    return np.stack(filled) if filled else np.zeros((0, *layout.shape), dtype=dtype)


def _objects(values: list[Any], dtype: str) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.astype(str) if dtype == "str" else array
