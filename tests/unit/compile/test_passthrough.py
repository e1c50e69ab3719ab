"""An ONNX graph is its own variant, answers in this process, and is proven like any other."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hythe
from hythe.bundle.infer import infer
from hythe.compile.compiler import compile_model
from hythe.compile.graph import Graph
from hythe.compile.lowering.frame import CannotLower

PIXELS = np.random.default_rng(0).normal(size=(24, 3, 4)).astype(np.float32)


def brightness() -> Any:
    """Make a graph that takes float32 images of any height and gives their sums."""
    graph = Graph()
    pixels = graph.input("pixels", np.float32, None, 4)
    return graph.build({"sum": (pixels * 2.0).reduce("Sum", axis=2).reduce("Sum", axis=1)})


def test_a_packed_graph_is_proven_and_answers_in_this_process(tmp_path: Path) -> None:
    record = hythe.pack(brightness(), "brightness", examples={"pixels": PIXELS}, home=tmp_path)
    assert "onnx" in record.facts["timings_us"]
    with hythe.load("brightness", variant="onnx", home=tmp_path) as predictor:
        answers = predictor.predict({"pixels": PIXELS})
    np.testing.assert_allclose(answers["sum"], 2 * PIXELS.sum(axis=(1, 2)), rtol=1e-5)


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        (PIXELS[:, 0], "give its tensors"),
        ({"images": PIXELS}, "takes pixels"),
        ({"pixels": PIXELS.astype(float)}, "float64"),
    ],
)
def test_a_graph_that_would_need_other_inputs_stays_native_with_the_reason(examples: Any, said: str) -> None:
    with pytest.raises(CannotLower, match=said):
        compile_model(brightness(), infer(examples))
