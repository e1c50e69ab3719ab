from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

from hythe.base.errors import Corrupt, Invalid, Unsupported
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.flavors.find import flavor_for, flavor_of
from hythe.flavors.onnx import FLAVOR


def _model(inputs: list[Any], outputs: list[Any], nodes: list[Any], constants: Any = ()) -> Any:
    graph = helper.make_graph(nodes, "graph", inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def _doubled(constants: Any = ()) -> Any:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 2]) for name in ("x", "twice")]
    return _model(ends[:1], ends[1:], [helper.make_node("Add", ["x", "x"], ["twice"])], constants)


def _answer(model: Any, examples: Any) -> Any:
    return FLAVOR.predict(model, to_rows(examples), infer(examples))


def test_a_file_is_read_and_answers_as_its_graph(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(_doubled(), str(path))
    flavor = flavor_for(path)
    assert (flavor.name, flavor.runs(path)) == ("onnx", False)
    model = flavor.read(path)
    assert flavor_of(model).name == "onnx"
    values = np.ones((3, 2), dtype=np.float32)
    np.testing.assert_array_equal(_answer(model, values)["twice"], values * 2)
    np.testing.assert_array_equal(_answer(model, {"x": values})["twice"], values * 2)


def test_columns_go_to_the_inputs_of_their_names() -> None:
    kinds = {"age": TensorProto.INT64, "pay": TensorProto.DOUBLE, "plan": TensorProto.STRING}
    inputs = [helper.make_tensor_value_info(name, kind, [None, 1]) for name, kind in kinds.items()]
    outputs = [helper.make_tensor_value_info(f"{name}_out", kind, [None, 1]) for name, kind in kinds.items()]
    model = _model(inputs, outputs, [helper.make_node("Identity", [n], [f"{n}_out"]) for n in kinds])
    frame = pd.DataFrame({"pay": [1.5, 2.5], "plan": ["a", "b"], "age": [3, 4]})
    assert FLAVOR.expected_columns(model) == ("age", "pay", "plan")
    answers = _answer(model, frame)
    assert {name: values.ravel().tolist() for name, values in answers.items()} == {
        "age_out": [3, 4],
        "pay_out": [1.5, 2.5],
        "plan_out": ["a", "b"],
    }


def test_a_mapping_for_each_row_becomes_a_matrix() -> None:
    names = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])]
    node = helper.make_node("ZipMap", ["x"], ["scores"], domain="ai.onnx.ml", classlabels_int64s=[7, 9])
    kind = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    output = helper.make_value_info("scores", helper.make_sequence_type_proto(kind))
    values = np.array([[0.25, 0.75], [1.0, 0.0]], dtype=np.float32)
    answers = _answer(_model(names, [output], [node]), values)
    np.testing.assert_array_equal(answers["scores"], values)


def test_tensors_that_lie_elsewhere_are_taken_in_from_a_path_and_refused_otherwise(tmp_path: Path) -> None:
    big = numpy_helper.from_array(np.ones((400, 2), dtype=np.float32), "unused")
    path = tmp_path / "model.onnx"
    onnx.save(_doubled([big]), str(path), save_as_external_data=True, location="cells", size_threshold=10)
    assert (tmp_path / "cells").exists()
    assert FLAVOR.save(FLAVOR.read(path)).files["model/model.onnx"]
    with pytest.raises(Unsupported, match="keeps tensors in other files"):
        FLAVOR.save(onnx.load(str(path), load_external_data=False))


def test_what_is_no_graph_is_invalid(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\xff")
    with pytest.raises(Invalid, match=r"model.onnx is no ONNX model"):
        FLAVOR.read(path)


def test_a_damaged_bundle_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.onnx").write_bytes(b"\x08\x09")
    with pytest.raises(Corrupt, match=r"model/model.onnx cannot be loaded"):
        FLAVOR.load(tmp_path, "onnx")


def test_an_input_that_rows_cannot_give_is_refused() -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.COMPLEX64, [None, 1]) for name in ("x", "y")]
    sequence = helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)
    model = _model([sequence], ends[1:], [helper.make_node("SequenceLength", ["x"], ["n"])])
    model.graph.ClearField("output")
    model.graph.output.append(helper.make_tensor_value_info("n", TensorProto.INT64, []))
    with pytest.raises(Unsupported, match="the input 'x' takes seq"):
        _answer(model, np.ones((1, 1), dtype=np.float32))
