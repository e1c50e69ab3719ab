"""Rows as `instances` or `inputs`, as TensorFlow Serving, KServe v1, Vertex AI and MLflow write them in JSON.

Source: tensorflow.org/tfx/serving/api_rest, "Predict API" (row format, column format, base64 values).
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from hythe.base.errors import Invalid
from hythe.bundle.rows import Array
from hythe.bundle.schema import Schema, Tensor
from hythe.dataplane.ticket import Prediction
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.cells import show

_BASE64 = {"b64"}


def read_instances(instances: Any, rows: RowReader) -> Batch:
    """Read one row each: an object by name, a list in the schema's order, or the only input's value.

    `{"b64": …}` is a text's UTF-8, or a tensor's bytes (row-major, little-endian).

    Raises:
        Invalid: naming the row and what is wrong with it.

    """
    if not isinstance(instances, list):
        raise Invalid(f"'instances' is {show(instances)}; send a list with one item for each row")
    schema = rows.schema
    batch: Batch = rows.convert_all([_row(item, index, schema) for index, item in enumerate(instances)])
    return batch


def read_inputs(inputs: Any, rows: RowReader) -> Batch:
    """Read whole columns or tensors by name; the values alone where the model has one input.

    For a model on columns a list of lists has the rows in the schema's order, a list of objects by name.

    Raises:
        Invalid: naming the input and what is wrong with it.

    """
    schema = rows.schema
    if isinstance(inputs, dict) and inputs.keys() != _BASE64:
        known = {item.name: item for item in schema.inputs}
        columns = {name: _values(known.get(name), values, name) for name, values in inputs.items()}
        batch: Batch = rows.convert_columns(columns)
        return batch
    if isinstance(inputs, list) and inputs and _is_row(inputs[0], schema):
        return read_instances(inputs, rows)
    if len(schema.inputs) == 1:
        item = schema.inputs[0]
        whole: Batch = rows.convert_columns({item.name: _values(item, inputs, item.name)})
        return whole
    names = ", ".join(item.name for item in schema.inputs)
    raise Invalid(f"'inputs' is {show(inputs)}; send an object with the model's inputs: {names}")


def predictions(prediction: Prediction) -> list[Any]:
    """List each row's answer: an object by output name, or the value alone where there is one output."""
    labelled = prediction.version.label(prediction.answers)
    if len(prediction.answers) > 1:
        return list(labelled)
    return [next(iter(answer.values())) for answer in labelled]


def outputs(prediction: Prediction) -> Any:
    """Give whole outputs by name, or the only one alone."""
    whole = {name: array.tolist() for name, array in prediction.answers.items()}
    return whole if len(whole) > 1 else next(iter(whole.values()))


def _is_row(first: Any, schema: Schema) -> bool:
    if isinstance(first, dict):
        return first.keys() != _BASE64
    return bool(schema.columns) and isinstance(first, list) and len(schema.columns) > 1


def _row(item: Any, index: int, schema: Schema) -> Mapping[str, Any]:
    inputs = schema.inputs
    if isinstance(item, Mapping) and item.keys() != _BASE64:
        known = {each.name: each for each in inputs}
        return {name: _value(known.get(name), value, f"instances[{index}]") for name, value in item.items()}
    if len(inputs) == 1 and not (schema.columns and isinstance(item, list)):
        return {inputs[0].name: _value(inputs[0], item, f"instances[{index}]")}
    if not isinstance(item, list) or len(item) != len(inputs):
        names = ", ".join(each.name for each in inputs)
        raise Invalid(
            f"instances[{index}] is {show(item)}; send an object or a list of {len(inputs)}: {names}"
        )
    return {
        each.name: _value(each, value, f"instances[{index}]")
        for each, value in zip(inputs, item, strict=True)
    }


def _values(item: Any, values: Any, where: str) -> Any:
    """Take `{"b64": …}` off each value of one input."""
    if not isinstance(values, list):
        return values
    return [_value(item, value, f"{where}[{index}]") for index, value in enumerate(values)]


def _value(item: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict) or value.keys() != _BASE64:
        if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
            return _values(None, value, where)
        return value
    try:
        data = binascii.a2b_base64(value["b64"], strict_mode=True)
    except (binascii.Error, TypeError, ValueError) as err:
        raise Invalid(f"{where} is no base64: {err}; encode it with padding and without line breaks") from err
    if isinstance(item, Tensor) and item.dtype != "str":
        return _tensor(item, data, where)
    try:
        return data.decode()
    except UnicodeDecodeError as err:
        raise Invalid(f"{where} holds bytes that are no UTF-8 text: {err.reason}; send UTF-8") from err


def _tensor(tensor: Tensor, data: bytes, where: str) -> Array:
    dtype = np.dtype(tensor.dtype).newbyteorder("<")
    known = prod(axis for axis in tensor.shape if axis >= 0)
    size, rest = divmod(len(data), dtype.itemsize)
    unknown = sum(axis < 0 for axis in tensor.shape)
    if rest or unknown > 1 or not known or size % known or (size != known and not unknown):
        raise Invalid(f"{where} has {len(data)} bytes, which are no {tensor.dtype} {list(tensor.shape)}")
    return np.frombuffer(data, dtype).reshape(tensor.shape)


def only(document: Any, keys: Sequence[str]) -> tuple[str, Any]:
    """Find which one of `keys` a document has.

    Raises:
        Invalid: when it has none of them, or several.

    """
    found = [key for key in keys if isinstance(document, dict) and key in document]
    if len(found) == 1:
        return found[0], document[found[0]]
    wanted = " or ".join(repr(key) for key in keys)
    fault = f"has {' and '.join(map(repr, found))}" if found else f"is {show(document)}"
    raise Invalid(f"the body {fault}; send one of {wanted}")
