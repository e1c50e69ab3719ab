"""A step is repeated until its condition fails, or not at all."""

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from hythe.compile.graph import Graph, Value
from hythe.compile.loops import repeat


def _doubled(body: Graph, state: list[Value]) -> tuple[Value, list[Value]]:
    (total,) = state
    doubled = total * 2.0
    return doubled.reduce("Max", axis=0).column(0, axis=0) < 100.0, [doubled]


def _run(times: int, *, only_above: float | None = None) -> Any:
    graph = Graph()
    start = graph.input("x", np.float64, 1)
    when = None if only_above is None else start.reduce("Max", axis=0).column(0, axis=0) > only_above
    (end,) = repeat(graph, times, [start], _doubled, when=when)
    session = ort.InferenceSession(
        graph.build({"y": end}).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": np.array([[1.0], [3.0]])})[0].ravel().tolist()


@pytest.mark.parametrize(("times", "wanted"), [(0, [1.0, 3.0]), (2, [4.0, 12.0]), (99, [64.0, 192.0])])
def test_a_step_is_repeated_until_its_condition_fails(times: int, wanted: list[float]) -> None:
    assert _run(times) == wanted


def test_nothing_is_done_where_it_is_not_asked_for() -> None:
    assert _run(99, only_above=5.0) == [1.0, 3.0]
    assert _run(99, only_above=2.0) == [64.0, 192.0]
