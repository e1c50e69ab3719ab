"""Output tensors of the Open Inference Protocol v2, as JSON or as bytes after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from hythe.base.errors import Invalid
from hythe.bundle.rows import Array
from hythe.server.http.tensors import DATATYPES, scalar_datatype


class Wanted(NamedTuple):
    """An output that a request asks for, and whether its data come as bytes."""

    name: str
    binary: bool = False


def check_wanted(wanted: Sequence[Wanted], known: Iterable[str]) -> None:
    """See whether every wanted output exists, and is wanted once; raises Invalid."""
    outputs = list(known)
    names = [output.name for output in wanted]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"output {repeated!r} is asked for more than once; ask once")
    for name in names:
        if name not in outputs:
            raise Invalid(f"there is no output {name!r}; outputs: {', '.join(outputs)}")


def write_outputs(
    answers: Mapping[str, Array], wanted: Sequence[Wanted]
) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Turn answers into output tensors in the order wanted, and the bytes of those that are binary.

    In JSON a number that is not finite is null, because JSON has no word for it.

    Raises:
        Invalid: when a wanted output does not exist, or is wanted twice.

    """
    check_wanted(wanted, answers)
    documents, tail = [], []
    for name, binary in wanted:
        word, values = _typed(answers[name])
        document: dict[str, Any] = {"name": name, "datatype": word, "shape": list(answers[name].shape)}
        if binary:
            data = _bytes(values)
            document["parameters"] = {"binary_data_size": len(data)}
            tail.append(data)
        else:
            document["data"] = values.tolist() if isinstance(values, np.ndarray) else values
        documents.append(document)
    return documents, tail


def text(value: Any) -> str:
    """Write one value of a mixed output as text: itself, or its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _typed(array: Array) -> tuple[str, list[Any] | Array]:
    """Give the datatype and the flat values; mixed objects are written as text."""
    flat = array.ravel()
    if array.dtype.kind not in "OU":
        return DATATYPES.get(array.dtype.name, "BYTES"), flat
    values = flat.tolist()
    kinds = {scalar_datatype(value) for value in values}
    word = kinds.pop() if len(kinds) == 1 else "BYTES"
    if word == "BYTES":
        return word, [text(value) for value in values]
    return word, np.array(values)


def _bytes(values: list[Any] | Array) -> bytes:
    """Write row-major, little-endian bytes; each text has its length before it (4 bytes)."""
    if isinstance(values, np.ndarray):
        return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    encoded = [value.encode() for value in values]
    return b"".join(part for text in encoded for part in (len(text).to_bytes(4, "little"), text))
