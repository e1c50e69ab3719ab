"""A graph computes where it was asked to, or says why it does not."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from hythe.base.errors import Invalid, Unsupported
from hythe.bundle.feed import Feed
from hythe.bundle.schema import Tensor
from hythe.bundle.variant import Variant
from hythe.flavors.placing import chosen
from hythe.runtime.devices import providers, settled_device
from hythe.runtime.onnx import OnnxModel

no_gpu = pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="there is a GPU"
)


class Running:
    """A session as far as placing asks it: what ONNX Runtime says that it runs on."""

    def __init__(self, **options: dict[str, str]) -> None:
        self.options = options

    def get_providers(self) -> list[str]:
        return list(self.options)

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return self.options


@no_gpu
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(Unsupported, match="no CUDA device 'cuda:0' for ONNX Runtime; devices: none"):
        providers("cuda:0")


@no_gpu
def test_without_a_gpu_auto_is_the_cpu() -> None:
    assert providers("auto") == providers("cpu") == ["CPUExecutionProvider"]


def test_with_a_gpu_float32_keeps_its_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    first, second = providers("cuda:1")
    assert first == ("CUDAExecutionProvider", {"device_id": 1, "use_tf32": "0"})
    assert second == "CPUExecutionProvider"
    assert providers("auto")[0][1]["device_id"] == 0


def test_a_gpu_that_does_not_start_is_told_unless_either_would_do() -> None:
    cpu = Running(CPUExecutionProvider={})
    with pytest.raises(Unsupported, match="cannot start CUDA device 'cuda:0'"):
        settled_device("cuda:0", cpu)
    assert settled_device("auto", cpu) == "cpu"
    gpu = Running(CUDAExecutionProvider={"device_id": "1"}, CPUExecutionProvider={})
    assert settled_device("auto", gpu) == "cuda:1"


@pytest.mark.parametrize("word", ["gpu", "cuda", "cuda:x", ""])
def test_what_is_no_device_is_refused(word: str) -> None:
    with pytest.raises(Invalid, match="use 'cpu', 'auto' or 'cuda:0'"):
        chosen(word, (), "anything")


def doubling(device: str) -> OnnxModel:
    """Compute 2x in float64."""
    two = helper.make_tensor("two", TensorProto.DOUBLE, [], [2.0])
    sides = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["rows", 1]) for name in ("x", "value")]
    node = helper.make_node("Mul", ["x", "two"], ["value"])
    graph = helper.make_graph([node], "double", sides[:1], sides[1:], [two])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    variant = Variant(Feed(tensors=(Tensor("x", "float64", (1,)),)), ("value",))
    return OnnxModel(model.SerializeToString(), variant, device=device)


def test_a_model_says_where_it_computes() -> None:
    assert doubling("auto").device in {"cpu", "cuda:0"}
    model = doubling("cpu")
    assert model.device == "cpu"
    assert model.predict({"x": np.array([[1.5], [2.0]])}).answers["value"].tolist() == [[3.0], [4.0]]
