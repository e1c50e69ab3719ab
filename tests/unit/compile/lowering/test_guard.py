"""Checks are left out only where another one finds the same."""

import numpy as np
import onnxruntime
import pytest

from hythe.compile.graph import Graph, Value
from hythe.compile.lowering.guard import Guard


def run(graph: Graph, guard: Guard, rows: object) -> tuple[list[bool], list[str]]:
    refused = guard.refused()
    assert refused is not None
    model = graph.build({"refused": refused})
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (flags,) = session.run(None, {"x": np.asarray(rows, dtype=np.float64)})
    return flags.tolist(), [node.op_type for node in model.graph.node]


ROWS = [[1.0, 2.0], [np.nan, 2.0], [np.inf, 2.0], [1.0, -np.inf]]


@pytest.fixture
def graph() -> Graph:
    return Graph()


@pytest.fixture
def x(graph: Graph) -> Value:
    return graph.input("x", np.float64, 2)


@pytest.mark.parametrize(("allow_nan", "expected"), [(False, [0, 1, 1, 1]), (True, [0, 0, 1, 1])])
def test_rows_that_are_not_finite_are_refused(
    graph: Graph, x: Value, allow_nan: bool, expected: list[int]
) -> None:
    guard = Guard(graph)
    guard.finite(x, allow_nan=allow_nan)
    assert run(graph, guard, ROWS)[0] == [bool(flag) for flag in expected]


def test_nothing_is_refused_without_a_check(graph: Graph) -> None:
    assert Guard(graph).refused() is None


def test_a_check_before_a_scaler_is_left_to_the_one_behind_it(graph: Graph, x: Value) -> None:
    guard = Guard(graph)
    guard.finite(x, allow_nan=True)
    filled = graph.where(x.is_nan(), 0.0, x)
    scaled = (filled - np.array([1.0, 2.0])) / np.array([2.0, 3.0])
    guard.finite(filled, allow_nan=True)
    guard.finite(graph.concat([scaled, scaled]), allow_nan=False)
    flags, operators = run(graph, guard, ROWS)
    assert flags == [False, False, True, True]
    assert "IsInf" not in operators


def test_a_check_for_nan_is_kept_before_an_imputer(graph: Graph, x: Value) -> None:
    guard = Guard(graph)
    guard.finite(x, allow_nan=False)
    guard.finite(graph.where(x.is_nan(), 0.0, x), allow_nan=False)
    assert run(graph, guard, ROWS)[0] == [False, True, True, True]


@pytest.mark.parametrize("hide", ["times zero", "over infinity", "compared", "picked"])
def test_a_check_is_kept_before_what_hides_an_infinite_cell(graph: Graph, x: Value, hide: str) -> None:
    guard = Guard(graph)
    guard.finite(x, allow_nan=True)
    later = {
        "times zero": lambda: x * np.array([0.0, 1.0]),
        "over infinity": lambda: x / np.array([np.inf, 1.0]),
        "compared": lambda: (x > 0.0).cast(np.float64),
        "picked": lambda: x.columns([1]),
    }[hide]()
    guard.finite(later, allow_nan=True)
    assert run(graph, guard, ROWS)[0] == [False, False, True, True]


def test_cells_are_refused_beside_the_rest(graph: Graph, x: Value) -> None:
    guard = Guard(graph)
    guard.finite(x, allow_nan=True)
    guard.cells(x < 1.0)
    assert run(graph, guard, [[1.0, 2.0], [0.0, 2.0], [np.inf, 2.0]])[0] == [False, True, True]


def test_checks_can_be_forgotten(graph: Graph, x: Value) -> None:
    guard = Guard(graph)
    guard.cells(x < 0.0)
    mark = guard.mark()
    guard.finite(x, allow_nan=False)
    guard.cells(x > 1.0)
    guard.forget_since(mark)
    assert run(graph, guard, [[5.0, 2.0], [np.inf, 2.0], [-1.0, 2.0]])[0] == [False, False, True]
