"""A model that is an ONNX graph already: it is its own variant, and is proven like any other."""

from __future__ import annotations

from typing import Any

from onnx import ModelProto, helper

from hythe.bundle.feed import Feed
from hythe.bundle.schema import Schema
from hythe.bundle.variant import Variant
from hythe.compile.lowering.frame import CannotLower

_FIRST_FIELD = b"\x08"
"""How the bytes of a ModelProto begin: with the field of its version."""


def as_graph(model: Any) -> ModelProto | None:
    """Read `model` as an ONNX graph; None when it is something else."""
    if isinstance(model, ModelProto):
        return model
    if isinstance(model, bytes) and model.startswith(_FIRST_FIELD):
        graph: ModelProto = ModelProto.FromString(model)
        return graph
    return None


def passed_through(graph: ModelProto, schema: Schema) -> Variant:
    """Describe the graph's own inputs and outputs as a variant.

    Raises:
        CannotLower: when its inputs are not exactly the schema's tensors.

    """
    if not schema.tensors:
        raise CannotLower("an ONNX graph that is given columns; give its tensors as a dictionary of arrays")
    takes = {item.name: _dtype(item) for item in graph.graph.input}
    gives = {item.name: item.dtype for item in schema.tensors}
    if takes != gives:
        raise CannotLower(f"the graph takes {_listed(takes)}, the examples are {_listed(gives)}")
    return Variant(feed=Feed(tensors=schema.tensors), outputs=tuple(item.name for item in schema.outputs))


def _dtype(item: Any) -> str:
    return str(helper.tensor_dtype_to_np_dtype(item.type.tensor_type.elem_type))


def _listed(dtypes: dict[str, str]) -> str:
    return ", ".join(f"{name} ({dtype})" for name, dtype in dtypes.items()) or "nothing"
