"""Large weights go into a file beside the graph, and a graph reads no other file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from hythe.base.errors import Corrupt
from hythe.bundle.weights import GRAPH, LARGE, WEIGHTS, check_locations, joined, split

WIDTH = 520
"""A square float32 matrix of this width takes a little more than `LARGE`."""


def model(*constants: Any, nodes: Any = ()) -> Any:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, WIDTH]) for name in ("x", "y")]
    every = [*nodes, helper.make_node("Identity", ["x"], ["y"])]
    graph = helper.make_graph(every, "graph", ends[:1], ends[1:], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def matrix(name: str, value: float) -> Any:
    return numpy_helper.from_array(np.full((WIDTH, WIDTH), value, dtype=np.float32), name)


def elsewhere(location: str) -> Any:
    tensor = matrix("weight", 1.0)
    set_external_data(tensor, location, offset=0, length=len(tensor.raw_data))
    tensor.ClearField("raw_data")
    return tensor


def test_large_weights_lie_on_pages_of_their_own_in_the_graphs_order(tmp_path: Path) -> None:
    small = numpy_helper.from_array(np.ones(3, dtype=np.float32), "small")
    files = split(model(matrix("b", 2.0), small, matrix("a", 1.0)).SerializeToString())
    assert set(files) == {GRAPH, WEIGHTS}
    size = WIDTH * WIDTH * 4
    assert size >= LARGE
    second = -(-size // 4096) * 4096
    expected = np.full(size // 4, 2.0, np.float32).tobytes() + bytes(second - size)
    assert files[WEIGHTS] == expected + np.full(size // 4, 1.0, np.float32).tobytes()
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    whole = onnx.load(str(tmp_path / GRAPH))
    assert [item.name for item in whole.graph.initializer] == ["b", "small", "a"]
    np.testing.assert_array_equal(numpy_helper.to_array(whole.graph.initializer[2])[0, :2], [1.0, 1.0])


def test_joining_undoes_splitting(tmp_path: Path) -> None:
    whole = model(matrix("a", 1.0), matrix("b", 2.0)).SerializeToString(deterministic=True)
    for name, data in split(whole).items():
        (tmp_path / name).write_bytes(data)
    assert joined(tmp_path) == whole
    (tmp_path / WEIGHTS).write_bytes((tmp_path / WEIGHTS).read_bytes()[:-4])
    with pytest.raises(Corrupt, match="ends before 'b' does"):
        joined(tmp_path)


def test_the_same_graph_gives_the_same_bytes() -> None:
    data = model(matrix("a", 1.0)).SerializeToString()
    assert split(data) == split(data)


def test_a_graph_without_large_weights_stays_as_it_is() -> None:
    many = [numpy_helper.from_array(np.full(1000, i, dtype=np.float32), f"w{i}") for i in range(300)]
    data = model(*many).SerializeToString()
    assert len(data) > LARGE
    assert split(data) == {GRAPH: data}


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "other.bin", "in/../../weights.bin"])
def test_a_graph_that_reads_another_file_is_corrupt(location: str, tmp_path: Path) -> None:
    path = tmp_path / GRAPH
    path.write_bytes(model(elsewhere(location)).SerializeToString())
    with pytest.raises(Corrupt, match=r"may read nothing but 'weights\.bin' beside it"):
        check_locations(path)


def test_a_tensor_inside_a_nested_graph_is_seen(tmp_path: Path) -> None:
    made = helper.make_tensor_value_info("made", TensorProto.FLOAT, None)
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["made"], value=elsewhere("/x"))], "b", [], [made]
    )
    node = helper.make_node("If", ["when"], ["out"], then_branch=branch, else_branch=branch)
    when = numpy_helper.from_array(np.array(True), "when")
    path = tmp_path / GRAPH
    path.write_bytes(model(when, nodes=[node]).SerializeToString())
    with pytest.raises(Corrupt, match="'/x'"):
        check_locations(path)


def test_weights_beside_the_graph_and_a_tensor_called_location_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / GRAPH
    named = numpy_helper.from_array(np.ones(2, dtype=np.float32), "location")
    path.write_bytes(model(elsewhere(WEIGHTS), named).SerializeToString())
    check_locations(path)


def test_what_is_no_graph_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / GRAPH
    path.write_bytes(b"\x08\xfflocation")
    with pytest.raises(Corrupt, match="cannot be read"):
        check_locations(path)
