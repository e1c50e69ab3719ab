"""Small models on tensors, an image's and a text's, for tests of whatever brings tensors to a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto, helper, numpy_helper

from hythe.bundle.feed import Feed
from hythe.bundle.schema import Output, Schema, Tensor
from hythe.bundle.variant import Variant
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, VersionSpec
from hythe.rollout.plan import Plan
from hythe.testing.tiny import DIGEST

IMAGE = Tensor("image", "uint8", (2, 2, 3))
TEXT = Tensor("text", "str", ())
_OPSET = 19


def image_endpoint(folder: Path, name: str = "image") -> EndpointSpec:
    """Make an endpoint that answers each image, uint8 [2, 2, 3], with its mean: `brightness`."""
    nodes = [
        helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers", "axes"], ["brightness"], keepdims=0),
    ]
    axes = numpy_helper.from_array(np.array([1, 2, 3]), "axes")
    takes = helper.make_tensor_value_info("image", TensorProto.UINT8, ["rows", 2, 2, 3])
    gives = helper.make_tensor_value_info("brightness", TensorProto.FLOAT, ["rows"])
    graph = helper.make_graph(nodes, "image", [takes], [gives], [axes])
    return _endpoint(folder, name, graph, IMAGE, Output("brightness", "float32"))


def text_endpoint(folder: Path, name: str = "text") -> EndpointSpec:
    """Make an endpoint that says of each text whether it is `grüß dich`: `greets`."""
    nodes = [helper.make_node("Equal", ["text", "greeting"], ["greets"])]
    greeting = numpy_helper.from_array(np.array("grüß dich", dtype=object), "greeting")
    takes = helper.make_tensor_value_info("text", TensorProto.STRING, ["rows"])
    gives = helper.make_tensor_value_info("greets", TensorProto.BOOL, ["rows"])
    graph = helper.make_graph(nodes, "text", [takes], [gives], [greeting])
    return _endpoint(folder, name, graph, TEXT, Output("greets", "bool"))


def _endpoint(folder: Path, name: str, graph: GraphProto, tensor: Tensor, output: Output) -> EndpointSpec:
    model: ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9
    )
    path, layout = folder / f"{name}.onnx", folder / f"{name}.json"
    path.write_bytes(model.SerializeToString())
    layout.write_bytes(Variant(Feed(tensors=(tensor,)), (output.name,)).encode())
    schema = Schema((tensor,), (output,), container="tensors")
    version = VersionSpec("1.0.0", DIGEST, schema, OnnxFiles(str(path), str(layout)))
    return EndpointSpec(name, Plan.of("1.0.0", DIGEST), (version,))
