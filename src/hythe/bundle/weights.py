"""Large weights in a file of their own beside the graph, so that loading is mapping.

ONNX calls this external data (https://onnx.ai/onnx/repo-docs/ExternalData.html). ONNX Runtime maps such a
file into memory: nothing is copied or parsed, and all processes of a host share one copy of the pages.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hythe.base.errors import Corrupt

GRAPH = "model.onnx"
WEIGHTS = "weights.bin"
"""The file beside `GRAPH` that holds its large weights, where it has any."""
LARGE = 2**20
"""A weight of this many bytes or more goes into `WEIGHTS`; below, mapping saves less than a file costs."""
_PAGE = 4096
"""Each weight begins at a multiple of this, which is what an operating system maps."""
_LOCATION = b"location"
"""The key under which a tensor names its file; a graph without these bytes has no such tensor."""


def split(graph: bytes) -> dict[str, bytes]:
    """Give the files of a graph: itself alone, or without its large weights and these in a second file.

    The same graph always gives the same bytes: weights stand in the graph's own order.
    """
    if len(graph) < LARGE:
        return {GRAPH: graph}
    from onnx import ModelProto
    from onnx.external_data_helper import set_external_data

    model = ModelProto.FromString(graph)
    pieces: list[bytes] = []
    size = 0
    for tensor in model.graph.initializer:
        raw: bytes = tensor.raw_data
        if len(raw) < LARGE:
            continue
        gap = -size % _PAGE
        pieces += [bytes(gap), raw]
        set_external_data(tensor, WEIGHTS, offset=size + gap, length=len(raw))
        tensor.ClearField("raw_data")
        size += gap + len(raw)
    if not pieces:
        return {GRAPH: graph}
    return {GRAPH: model.SerializeToString(deterministic=True), WEIGHTS: b"".join(pieces)}


def joined(folder: Path) -> bytes:
    """Give the graph in `folder` with its weights inside: what `split` took apart.

    onnx's own loader does not serve: it takes a file with more than one name, as stored files are, for an
    attack.

    Raises:
        Corrupt: when the graph wants another file than `WEIGHTS`, or more than that holds.

    """
    graph, apart = folder / GRAPH, folder / WEIGHTS
    check_locations(graph)
    if not apart.exists():
        return graph.read_bytes()
    from onnx import ModelProto, TensorProto

    model, weights = ModelProto.FromString(graph.read_bytes()), apart.read_bytes()
    for tensor in _tensors(model):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        start, length = (int(entries.get(key, "0")) for key in ("offset", "length"))
        tensor.raw_data = weights[start : start + length]
        if len(tensor.raw_data) != length:
            raise Corrupt(f"{WEIGHTS!r} ends before {tensor.name!r} does; fetch or pack this version again")
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
    whole: bytes = model.SerializeToString(deterministic=True)
    return whole


def check_locations(graph: Path) -> None:
    """See that a graph reads no file but `WEIGHTS` beside it, wherever in it a tensor stands.

    Raises:
        Corrupt: when it names another file, or cannot be read.

    """
    if not _mentions_location(graph):
        return
    from onnx import ModelProto

    try:
        model = ModelProto.FromString(graph.read_bytes())
    except Exception as err:  # protobuf's DecodeError is not among onnx's public names
        raise Corrupt(f"the graph cannot be read: {err}; pack the version again") from err
    for tensor in _tensors(model):
        for entry in tensor.external_data:
            if entry.key == _LOCATION.decode() and entry.value != WEIGHTS:
                raise Corrupt(
                    f"the graph wants {entry.value!r} for {tensor.name!r}; a bundle's graph may read nothing "
                    f"but {WEIGHTS!r} beside it; do not use this version"
                )


def _mentions_location(graph: Path) -> bool:
    """Tell whether there can be a tensor in another file: most graphs need not be parsed to see it."""
    with graph.open("rb") as file:
        if not graph.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(_LOCATION) >= 0


def _tensors(message: Any) -> Iterator[Any]:
    """Give every tensor inside a message: initializers, attributes, and those of graphs within."""
    from onnx import TensorProto

    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in [value] if hasattr(value, "ListFields") else value:
            if isinstance(part, TensorProto):
                yield part
            yield from _tensors(part)
