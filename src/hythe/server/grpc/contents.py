"""Tensors of a request as a batch, and answers as tensors of a reply; raw or typed contents.

Raw contents are laid out as the binary data of the HTTP protocol are. FP16 and BF16 have raw contents only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hythe.base.errors import Invalid, Unsupported
from hythe.bundle.rows import Array
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.cells import show
from hythe.server.http.binary import values
from hythe.server.http.outputs import Wanted, write_outputs
from hythe.server.http.tensors import NUMPY, Flat, InputTensor, number_of_values, read_inputs

FIELDS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip
"""The field of typed contents that holds each datatype."""


def read(request: Any, rows: RowReader) -> Batch:
    """Read the inputs of a `ModelInferRequest`, all raw or all typed.

    Raises:
        Invalid: naming the input, and where its contents do not fit its shape, its datatype or the model.

    """
    raw, inputs = request.raw_input_contents, request.inputs
    tensors = [_tensor(item) for item in inputs]
    given: dict[str, Flat]
    if not raw:
        given = {t.name: _typed(t, item.contents) for t, item in zip(tensors, inputs, strict=True)}
        return read_inputs(tensors, rows, given)
    for item in inputs:
        if item.HasField("contents"):
            raise Invalid(
                "contents field must not be specified when using raw_input_contents "
                f"for {item.name!r} for model {request.model_name!r}; give one of the two"
            )
    if len(raw) != len(inputs):
        raise Invalid(
            f"there are {len(inputs)} inputs and {len(raw)} raw_input_contents; give one for each input"
        )
    given = {t.name: values(t, memoryview(data)) for t, data in zip(tensors, raw, strict=True)}
    return read_inputs(tensors, rows, given)


def write(response: Any, answers: Mapping[str, Array], names: Sequence[str], *, raw: bool) -> None:
    """Add the answers of these names to a `ModelInferResponse`, all raw or all typed.

    Raises:
        Unsupported: for FP16 in typed contents.

    """
    documents, data = write_outputs(answers, [Wanted(name, raw) for name in names])
    for document in documents:
        output = response.outputs.add(
            name=document["name"], datatype=document["datatype"], shape=document["shape"]
        )
        if not raw:
            _fill(output, document["data"])
    response.raw_output_contents.extend(data)


def _tensor(item: Any) -> InputTensor:
    shape = list(item.shape)
    if shape and min(shape) < 0:
        raise Invalid(f"input {item.name!r} has the shape {show(shape)}; give lengths, not -1")
    return InputTensor(item.name, shape, item.datatype)


def _typed(tensor: InputTensor, contents: Any) -> Flat:
    field = FIELDS.get(tensor.datatype)
    if field is None:
        known = ", ".join(FIELDS)
        raise Invalid(
            f"input {tensor.name!r} has the datatype {show(tensor.datatype)}; "
            f"typed contents are {known}, all others are raw"
        )
    cells, wanted = list(getattr(contents, field)), number_of_values(tensor)
    if len(cells) != wanted:
        raise Invalid(
            f"input {tensor.name!r} has {len(cells)} {field}; its shape {show(tensor.shape)} takes {wanted}"
        )
    if tensor.datatype == "BYTES":
        return [_text(tensor.name, index, cell) for index, cell in enumerate(cells)]
    try:
        return np.array(cells, dtype=NUMPY[tensor.datatype])
    except OverflowError as err:
        raise Invalid(f"input {tensor.name!r} holds what is no {tensor.datatype}: {err}") from None


def _text(name: str, index: int, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as err:
        raise Invalid(f"input {name!r}, text {index}: it is no UTF-8: {err.reason}; send UTF-8") from None


def _fill(output: Any, cells: Sequence[Any]) -> None:
    field = FIELDS.get(output.datatype)
    if field is None:
        raise Unsupported(
            f"output {output.name!r} is {output.datatype}, which is raw only; take raw contents"
        )
    if output.datatype == "BYTES":
        cells = [cell.encode() for cell in cells]
    getattr(output.contents, field).extend(cells)
