"""Input tensors of the Open Inference Protocol v2, from JSON or from bytes, to batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Annotated, Any, TypeAlias

import msgspec
import numpy as np

from hythe.base.errors import Invalid
from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Output, Scalar, Tensor
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.cells import show
from hythe.server.http.columns import read_columns

Flat: TypeAlias = "list[Any] | Array"
"""A tensor's values in row-major order: a list of Python values, or an array [values]."""


class InputTensor(msgspec.Struct):
    """One input of a request; its data stand in `data`, or in the bytes after the JSON."""

    name: str
    shape: list[Annotated[int, msgspec.Meta(ge=0)]]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


NUMPY = {
    "BOOL": "bool", "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64", "UINT8": "uint8",
    "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64", "FP16": "float16", "FP32": "float32",
    "FP64": "float64", "BYTES": "str",
}  # fmt: skip
"""The dtype of each datatype; BF16, which numpy does not have, comes only as bytes."""
DATATYPES = {name: word for word, name in NUMPY.items()} | {
    "string": "BYTES",
    "timestamp": "BYTES",
    "object": "BYTES",
}
"""The datatype of each dtype and of each column type."""
_MATRIX_RANK = 2
_MOST_AXES = 32
_MOST_VALUES = 2**40


def datatype(item: Column | Tensor | Output) -> str:
    """Name the protocol's datatype of an input or output."""
    if not isinstance(item, Column):
        return DATATYPES.get(item.dtype, "BYTES")
    if item.categories is not None:
        return scalar_datatype(item.categories[0] if item.categories else "")
    return DATATYPES[item.type]


def scalar_datatype(value: Scalar) -> str:
    """Name the protocol's datatype of one value."""
    if isinstance(value, bool):
        return "BOOL"
    if isinstance(value, int):
        return "INT64"
    return "FP64" if isinstance(value, float) else "BYTES"


def read_inputs(
    inputs: Sequence[InputTensor], rows: RowReader, given: Mapping[str, Flat] | None = None
) -> Batch:
    """Turn input tensors into a batch; `given` has the values of those that came as bytes.

    A model on columns takes one tensor [n] or [n, 1] for each column, or one tensor [n, columns] of any
    name where all columns share a datatype. A model on tensors takes those tensors, the row axis first.

    Raises:
        Invalid: naming the input and what is wrong with it.

    """
    names = [tensor.name for tensor in inputs]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"input {repeated!r} appears more than once; give it once")
    arrived = given or {}
    flat = {t.name: arrived[t.name] if t.name in arrived else _listed(t) for t in inputs}
    if rows.schema.tensors:
        batch: Batch = rows.convert_columns({t.name: _shaped(t, flat[t.name]) for t in inputs})
        return batch
    columns = rows.schema.columns
    if len(inputs) == 1 and _is_matrix(inputs[0], columns):
        values, width = flat[names[0]], len(columns)
        return read_columns({c.name: values[i::width] for i, c in enumerate(columns)}, rows)
    for tensor in inputs:
        if tensor.shape[1:] not in ([], [1]) or not tensor.shape:
            raise Invalid(
                f"input {tensor.name!r} has the shape {tensor.shape}; give each column as [n] or [n, 1], "
                f"or all columns, where they share a datatype, as one tensor [n, {len(columns)}]"
            )
    return read_columns(flat, rows)


def number_of_values(tensor: InputTensor) -> int:
    """Count the values that the tensor's shape holds.

    Raises:
        Invalid: when no tensor can have that shape.

    """
    shape = tensor.shape
    if not shape or len(shape) > _MOST_AXES or prod(axis or 1 for axis in shape) > _MOST_VALUES:
        raise Invalid(
            f"input {tensor.name!r} has the shape {show(shape)}; give 1 to {_MOST_AXES} axes, "
            "the first for the rows, that hold what the request can"
        )
    return prod(shape)


def _listed(tensor: InputTensor) -> list[Any]:
    """Flatten the data, and check it against shape and datatype; null stands for a missing value."""
    if tensor.data is None:
        raise Invalid(
            f"input {tensor.name!r} has no data; give 'data', or 'parameters.binary_data_size' and bytes"
        )
    values = tensor.data
    while values and isinstance(values[0], list):
        if not all(isinstance(part, list) for part in values):
            raise Invalid(f"input {tensor.name!r} has ragged data; give lists of equal length")
        values = [value for part in values for value in part]
    wanted = number_of_values(tensor)
    if len(values) != wanted:
        raise Invalid(
            f"input {tensor.name!r} has {len(values)} values; its shape {tensor.shape} takes {wanted}"
        )
    kind = _LISTS.get(tensor.datatype)
    if kind is None:
        raise Invalid(
            f"input {tensor.name!r} has the datatype {tensor.datatype!r}; known in JSON: {', '.join(NUMPY)}"
        )
    try:
        checked: list[Any] = msgspec.convert(values, kind)
    except msgspec.ValidationError:
        wrong = next(value for value in values if not _fits(value, kind))
        raise Invalid(f"input {tensor.name!r} holds {show(wrong)}, which is no {tensor.datatype}") from None
    if tensor.datatype in {"FP16", "FP32"}:
        return _rounded(checked, NUMPY[tensor.datatype])
    return checked


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert([value], kind)
    except msgspec.ValidationError:
        return False
    return True


def _rounded(values: list[Any], dtype: str) -> list[Any]:
    """Round to what the client says it holds, as a server with binary tensors would see it."""
    with np.errstate(over="ignore"):
        return [None if value is None else float(np.dtype(dtype).type(value)) for value in values]


def _shaped(tensor: InputTensor, values: Flat) -> Array:
    if isinstance(values, np.ndarray):
        return values.reshape(tensor.shape)
    if None in values:
        raise Invalid(f"input {tensor.name!r} holds null; this model takes tensors without missing values")
    dtype = np.str_ if tensor.datatype == "BYTES" else np.dtype(NUMPY[tensor.datatype])
    return np.array(values, dtype=dtype).reshape(tensor.shape)


def _is_matrix(tensor: InputTensor, columns: Sequence[Column]) -> bool:
    if tensor.name in {column.name for column in columns} and len(columns) > 1:
        return False
    if len(tensor.shape) != _MATRIX_RANK or tensor.shape[1] != len(columns):
        return False
    if len({datatype(column) for column in columns}) > 1:
        raise Invalid(
            f"input {tensor.name!r} is one tensor, and the columns have different datatypes; "
            "give one input for each column"
        )
    return True


def _list_type(word: str) -> Any:
    name = NUMPY[word]
    if word == "BYTES":
        return list[str | None]
    if word == "BOOL":
        return list[bool | None]
    if word.startswith("FP"):
        return list[float | None]
    info = np.iinfo(name)
    low, high = max(int(info.min), -(2**63)), min(int(info.max), 2**63 - 1)
    return list[Annotated[int, msgspec.Meta(ge=low, le=high)] | None]


_LISTS = {word: _list_type(word) for word in NUMPY}
