"""The binary tensor data extension: tensors as bytes after the JSON of a request.

Source: github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hythe.base.errors import Invalid, Malformed, Unsupported
from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Schema
from hythe.runtime.cells import show
from hythe.server.http.tensors import NUMPY, Flat, InputTensor, datatype, number_of_values

HEADER = "inference-header-content-length"
"""How many bytes of the body, as it is before compression, are JSON."""
_LENGTH_BYTES = 4
_RAW_NAME = "input"
_SHARED = "shared_memory_region"
_DTYPES = {
    **{word: np.dtype(name).newbyteorder("<") for word, name in NUMPY.items() if word != "BYTES"},
    "BF16": np.dtype("<u2"),
    "BOOL": np.dtype("u1"),
}
"""How the bytes of each datatype are read."""


def split(body: bytes, header: str | None) -> tuple[bytes, memoryview]:
    r"""Cut a body into its JSON and the bytes after it.

    Raises:
        Malformed: when the header is no length, or longer than the body.

    >>> document, tail = split(b'{"inputs":[]}\x00\x01', "13")
    >>> document, bytes(tail)
    (b'{"inputs":[]}', b'\x00\x01')
    """
    view = memoryview(body)
    if header is None:
        return body, view[:0]
    length = int(header) if header.isascii() and header.isdigit() and len(header) < 20 else -1  # noqa: PLR2004 - 64 bits
    if not 0 <= length <= len(body):
        raise Malformed(
            f"{HEADER} is {show(header)}; give the length of the JSON, at most the {len(body)} bytes sent"
        )
    return body[:length], view[length:]


def take(inputs: Sequence[InputTensor], tail: memoryview) -> dict[str, Flat]:
    """Find the values of the inputs that come as bytes, in order; numbers are not copied.

    Raises:
        Invalid: when sizes, shapes and datatypes do not fit each other, or bytes are left over.
        Unsupported: for shared memory.

    """
    sizes = [(tensor, size) for tensor in inputs if (size := _size(tensor)) is not None]
    told = sum(size for _, size in sizes)
    if told != len(tail):
        raise Invalid(f"{len(tail)} bytes follow the JSON, and the inputs' binary_data_size claim {told}")
    found: dict[str, Flat] = {}
    start = 0
    for tensor, size in sizes:
        found[tensor.name] = values(tensor, tail[start : start + size])
        start += size
    return found


def _size(tensor: InputTensor) -> int | None:
    """Tell how many bytes an input has after the JSON; None for one whose data are in the JSON."""
    if _SHARED in tensor.parameters:
        raise Unsupported(f"input {tensor.name!r} is in shared memory; send its data in the request")
    size = tensor.parameters.get("binary_data_size")
    if size is None:
        return None
    if type(size) is not int or size < 0:
        raise Invalid(f"input {tensor.name!r} has a binary_data_size of {show(size)}; give a number of bytes")
    if tensor.data is not None:
        raise Invalid(f"input {tensor.name!r} has both 'data' and bytes; give one of them")
    return size


def values(tensor: InputTensor, data: memoryview) -> Flat:
    """Read one tensor's bytes: row-major and little-endian; texts have their length before them (4 bytes).

    BF16 becomes float32, whose upper half it is.

    Raises:
        Invalid: when the bytes are not what shape and datatype say.

    """
    wanted = number_of_values(tensor)
    if tensor.datatype == "BYTES":
        return _texts(tensor.name, data, wanted)
    dtype = _dtype(tensor)
    if len(data) != wanted * dtype.itemsize:
        raise Invalid(
            f"input {tensor.name!r} has {len(data)} bytes; "
            f"{tensor.datatype} of the shape {show(tensor.shape)} takes {wanted * dtype.itemsize}"
        )
    array = np.frombuffer(data, dtype=dtype)
    if tensor.datatype == "BF16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    if tensor.datatype == "BOOL":
        truth: Array = array != 0
        return truth
    return array if array.flags.aligned else array.copy()


def raw_input(body: bytes, schema: Schema) -> tuple[InputTensor, Flat]:
    """Read a body that is nothing but the one input of one row.

    Raises:
        Invalid: when the model takes more than one input, or the bytes do not fit it.

    """
    item = schema.inputs[0]
    words = {datatype(each) for each in schema.inputs}
    if len(schema.inputs) > 1 and not (schema.columns and len(words) == 1):
        raise Invalid(
            f"the body has no JSON, and the model takes {len(schema.inputs)} inputs; name them in JSON"
        )
    shape = (len(schema.inputs),) if isinstance(item, Column) else item.shape
    name = _RAW_NAME if len(schema.inputs) > 1 else item.name
    word = words.pop()
    size = 1 if word == "BYTES" else len(body) // np.dtype(NUMPY[word]).itemsize
    tensor = InputTensor(name, [1, *_filled(shape, size)], word)
    if word != "BYTES":
        return tensor, values(tensor, memoryview(body))
    if number_of_values(tensor) != 1:
        raise Invalid(f"the body has no JSON, and the model takes texts {list(shape)}; send them with JSON")
    return tensor, [_text(item.name, 0, memoryview(body))]


def _filled(shape: Sequence[int], size: int) -> list[int]:
    """Put the one length that the bytes tell in the place of -1."""
    known = int(np.prod([axis for axis in shape if axis >= 0], dtype=object))
    if sum(axis < 0 for axis in shape) > 1 or known == 0:
        raise Invalid(
            f"the body has no JSON, and does not tell a shape like {list(shape)}; name the shape in JSON"
        )
    return [axis if axis >= 0 else size // known for axis in shape]


def _dtype(tensor: InputTensor) -> np.dtype[Any]:
    dtype = _DTYPES.get(tensor.datatype)
    if dtype is None:
        known = ", ".join([*NUMPY, "BF16"])
        raise Invalid(f"input {tensor.name!r} has the datatype {show(tensor.datatype)}; known: {known}")
    return dtype


def _texts(name: str, data: memoryview, wanted: int) -> list[str]:
    texts: list[str] = []
    start, end = 0, len(data)
    while start < end and len(texts) < wanted:
        begin = start + _LENGTH_BYTES
        length = int.from_bytes(data[start:begin], "little")
        start = begin + length
        if start > end:
            raise Invalid(f"input {name!r}, text {len(texts)}: its {length} bytes are not all there")
        texts.append(_text(name, len(texts), data[begin:start]))
    if start != end or len(texts) != wanted:
        raise Invalid(f"input {name!r} has {len(data)} bytes, which are not the {wanted} texts of its shape")
    return texts


def _text(name: str, index: int, data: memoryview) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as err:
        raise Invalid(f"input {name!r}, text {index}: it is no UTF-8: {err.reason}; send UTF-8") from None
