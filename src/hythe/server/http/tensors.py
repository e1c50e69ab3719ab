"""Tensors of the Open Inference Protocol v2 as JSON: datatypes, shapes, data; to batches and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Annotated, Any

import msgspec
import numpy as np

from hythe.base.errors import Invalid
from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Output, Scalar, Schema, Tensor
from hythe.runtime.batch import RowReader
from hythe.runtime.cells import show


class InputTensor(msgspec.Struct):
    """One input of a request."""

    name: str
    shape: list[Annotated[int, msgspec.Meta(ge=0)]]
    datatype: str
    data: list[Any]
    parameters: dict[str, Any] = {}


_NUMPY = {
    "BOOL": "bool", "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64", "UINT8": "uint8",
    "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64", "FP16": "float16", "FP32": "float32",
    "FP64": "float64", "BYTES": "str",
}  # fmt: skip
_DATATYPES = {name: word for word, name in _NUMPY.items()} | {
    "string": "BYTES",
    "timestamp": "BYTES",
    "object": "BYTES",
}
_MATRIX_RANK = 2


def datatype(item: Column | Tensor | Output) -> str:
    """Name the protocol's datatype of an input or output."""
    if not isinstance(item, Column):
        return _DATATYPES.get(item.dtype, "BYTES")
    if item.categories is not None:
        return _scalar_datatype(item.categories[0] if item.categories else "")
    return _DATATYPES[item.type]


def read_inputs(inputs: Sequence[InputTensor], schema: Schema, rows: RowReader) -> Any:
    """Turn input tensors into a batch.

    A model on columns takes one tensor [n] or [n, 1] for each column, or one tensor [n, columns] of any
    name where all columns share a datatype. A model on tensors takes those tensors, the row axis first.

    Raises:
        Invalid: naming the input and what is wrong with it.

    """
    names = [tensor.name for tensor in inputs]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"input {repeated!r} appears more than once; give it once")
    flat = {tensor.name: _flat(tensor) for tensor in inputs}
    if schema.tensors:
        return rows.convert_columns({t.name: _shaped(t, flat[t.name]) for t in inputs})
    columns = schema.columns
    if len(inputs) == 1 and _is_matrix(inputs[0], columns):
        values, width = flat[names[0]], len(columns)
        return rows.convert_columns({column.name: values[i::width] for i, column in enumerate(columns)})
    for tensor in inputs:
        if tensor.shape[1:] not in ([], [1]) or not tensor.shape:
            raise Invalid(
                f"input {tensor.name!r} has the shape {tensor.shape}; give each column as [n] or [n, 1], "
                f"or all columns, where they share a datatype, as one tensor [n, {len(columns)}]"
            )
    return rows.convert_columns(flat)


def write_outputs(answers: Mapping[str, Array], wanted: Sequence[str] | None) -> list[dict[str, Any]]:
    """Turn answers into output tensors, all of them or the wanted ones in their order.

    Raises:
        Invalid: when a wanted output does not exist.

    """
    for name in wanted or ():
        if name not in answers:
            raise Invalid(f"there is no output {name!r}; outputs: {', '.join(answers)}")
    return [_output(name, answers[name]) for name in wanted or answers]


def _output(name: str, array: Array) -> dict[str, Any]:
    values = array.ravel().tolist()
    word = _DATATYPES.get(array.dtype.name, "BYTES")
    if array.dtype.kind in "OU":
        kinds = {_scalar_datatype(value) for value in values}
        word = kinds.pop() if len(kinds) == 1 else "BYTES"
        if word == "BYTES":
            values = [value if isinstance(value, str) else show(value) for value in values]
    return {"name": name, "datatype": word, "shape": list(array.shape), "data": values}


def _scalar_datatype(value: Scalar) -> str:
    if isinstance(value, bool):
        return "BOOL"
    if isinstance(value, int):
        return "INT64"
    return "FP64" if isinstance(value, float) else "BYTES"


def _flat(tensor: InputTensor) -> list[Any]:
    """Flatten the data, and check it against shape and datatype; null stands for a missing value."""
    values = tensor.data
    while values and isinstance(values[0], list):
        if not all(isinstance(part, list) for part in values):
            raise Invalid(f"input {tensor.name!r} has ragged data; give lists of equal length")
        values = [value for part in values for value in part]
    if len(values) != prod(tensor.shape) or not tensor.shape:
        raise Invalid(
            f"input {tensor.name!r} has {len(values)} values; "
            f"its shape {tensor.shape} takes {prod(tensor.shape)}"
        )
    kind = _LISTS.get(tensor.datatype)
    if kind is None:
        raise Invalid(
            f"input {tensor.name!r} has the datatype {tensor.datatype!r}; known in JSON: {', '.join(_NUMPY)}"
        )
    try:
        checked: list[Any] = msgspec.convert(values, kind)
    except msgspec.ValidationError:
        wrong = next(value for value in values if not _fits(value, kind))
        raise Invalid(f"input {tensor.name!r} holds {show(wrong)}, which is no {tensor.datatype}") from None
    if tensor.datatype in {"FP16", "FP32"}:
        return _rounded(checked, _NUMPY[tensor.datatype])
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


def _shaped(tensor: InputTensor, values: list[Any]) -> Array:
    if None in values:
        raise Invalid(f"input {tensor.name!r} holds null; this model takes tensors without missing values")
    dtype = np.str_ if tensor.datatype == "BYTES" else np.dtype(_NUMPY[tensor.datatype])
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
    name = _NUMPY[word]
    if word == "BYTES":
        return list[str | None]
    if word == "BOOL":
        return list[bool | None]
    if word.startswith("FP"):
        return list[float | None]
    info = np.iinfo(name)
    low, high = max(int(info.min), -(2**63)), min(int(info.max), 2**63 - 1)
    return list[Annotated[int, msgspec.Meta(ge=low, le=high)] | None]


_LISTS = {word: _list_type(word) for word in _NUMPY}
