"""A version whose weights are large keeps them in a file of their own, from packing to serving."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import hythe
from hythe.base.errors import Corrupt
from hythe.bundle.weights import GRAPH, WEIGHTS
from hythe.dataplane.spec import OnnxFiles
from hythe.operations.layout import UNPACKED
from hythe.operations.prepare import prepare, remove_unpacked
from hythe.registry.registry import Registry

WIDTH = 520
VARIANT = f"variants/onnx/{GRAPH}", f"variants/onnx/{WEIGHTS}"


def weights() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(WIDTH, WIDTH)).astype(np.float32)


def rows() -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(20, WIDTH)).astype(np.float32)


def model() -> bytes:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, WIDTH]) for name in ("x", "y")]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [numpy_helper.from_array(weights(), "w")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    data: bytes = made.SerializeToString(deterministic=True)
    return data


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("home")
    hythe.pack(model(), "net", examples={"x": rows()}, version="1.0.0", home=home)
    registry = Registry.open(home)
    yield registry
    registry.close()


def test_the_weights_are_a_file_of_the_bundle_and_stored_once(registry: Registry) -> None:
    bundle = registry.bundle("net:1.0.0")
    graph, apart = (bundle.files[path] for path in VARIANT)
    assert apart.size == weights().nbytes
    assert graph.size < 4096
    assert bundle.files[f"model/{WEIGHTS}"].digest == apart.digest
    assert bundle.files[f"model/{GRAPH}"].digest == graph.digest


def test_packing_again_gives_the_same_digest(registry: Registry, tmp_path: Path) -> None:
    hythe.pack(model(), "net", examples={"x": rows()}, version="1.0.0", home=tmp_path)
    again = Registry.open(tmp_path)
    assert again.bundle("net:1.0.0").digest == registry.bundle("net:1.0.0").digest
    again.close()


@pytest.mark.parametrize("variant", ["onnx", "native"])
def test_both_variants_answer_with_them(registry: Registry, variant: str) -> None:
    with hythe.load("net:1.0.0", variant=variant, home=registry.home) as loaded:
        answers = loaded.predict({"x": rows()})
    np.testing.assert_allclose(answers["y"], rows() @ weights(), rtol=1e-4, atol=1e-4)
    assert not list((registry.home / UNPACKED).iterdir())


def test_a_server_finds_them_beside_the_graph_until_it_ends(registry: Registry) -> None:
    files = prepare(registry, "net:1.0.0", "onnx").version.files
    assert isinstance(files, OnnxFiles)
    apart = Path(files.graph).with_name(WEIGHTS)
    assert apart.samefile(registry.bundle("net:1.0.0").paths[VARIANT[1]])
    remove_unpacked(registry.home, os.getpid())
    assert not apart.exists()


def changed(registry: Registry, version: str, files: dict[str, bytes]) -> None:
    whole = {path: blob.read_bytes() for path, blob in registry.bundle("net:1.0.0").paths.items()}
    registry.add("net", whole | files, version=version, actor="mallory")


def test_a_graph_that_reads_another_file_is_not_loaded(registry: Registry) -> None:
    graph = registry.bundle("net:1.0.0").read(VARIANT[0])
    changed(registry, "6.6.6", {VARIANT[0]: graph.replace(b"weights.bin", b"../xxxx.bin")})
    with pytest.raises(Corrupt, match=r"wants '\.\./xxxx\.bin'"):
        hythe.load("net:6.6.6", variant="onnx", home=registry.home)


def test_weights_that_are_too_short_are_corrupt(registry: Registry) -> None:
    changed(registry, "6.6.7", {VARIANT[1]: weights().tobytes()[:-8]})
    with pytest.raises(Corrupt, match="ONNX Runtime cannot load the graph"):
        hythe.load("net:6.6.7", variant="onnx", home=registry.home)


def test_other_weights_are_found_by_the_goldens(registry: Registry) -> None:
    changed(registry, "6.6.8", {VARIANT[1]: (weights() * 2).tobytes()})
    with pytest.raises(Corrupt, match="does not answer as it did when packed"):
        hythe.load("net:6.6.8", variant="onnx", home=registry.home)


def test_a_version_with_its_weights_inside_the_graph_loads_as_before(registry: Registry) -> None:
    changed(registry, "0.9.0", {VARIANT[0]: model()})
    with hythe.load("net:0.9.0", variant="onnx", home=registry.home) as loaded:
        np.testing.assert_allclose(
            loaded.predict({"x": rows()})["y"], rows() @ weights(), rtol=1e-4, atol=1e-4
        )
