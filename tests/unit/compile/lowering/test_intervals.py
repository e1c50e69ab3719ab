"""Interval search and interpolation are numpy's."""

from typing import Any, Literal

import numpy as np
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hythe.compile.graph import Graph, Value
from hythe.compile.lowering.intervals import interpolate, intervals

FLOATS = st.floats(-1e6, 1e6, allow_nan=False)


def run(graph: Graph, result: Value, rows: object) -> Any:
    session = onnxruntime.InferenceSession(graph.build({"y": result}).SerializeToString())
    return session.run(None, {"x": rows})[0]


@given(arrays(np.float64, st.integers(0, 9), elements=FLOATS), arrays(np.float64, 6, elements=FLOATS))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("side", ["left", "right"])
def test_intervals_are_those_of_searchsorted(side: Literal["left", "right"], edges: Any, values: Any) -> None:
    edges = np.sort(edges)
    near = np.concatenate(
        [values, edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf), [np.nan, np.inf]]
    )
    rows = np.column_stack([near, near[::-1]])
    graph = Graph()
    got = run(graph, intervals(graph.input("x", np.float64, 2), [edges, edges[:3]], side=side), rows)
    wanted = np.column_stack(
        [np.searchsorted(own, rows[:, i], side) for i, own in enumerate([edges, edges[:3]])]
    )
    np.testing.assert_array_equal(got, wanted)


@given(arrays(np.float64, st.integers(2, 9), elements=FLOATS), arrays(np.float64, 9, elements=FLOATS))
@example(np.array([0.0, 1.7e-307]), np.array([31.0] + 8 * [0.0]))  # a slope beyond the largest double
@settings(max_examples=40, deadline=None)
def test_interpolation_is_that_of_numpy(points: Any, heights: Any) -> None:
    points, heights = np.sort(points), heights[: points.size]
    rows = np.concatenate([points, (points[1:] + points[:-1]) / 2, [points[0] - 1, points[-1] + 1, np.nan]])
    graph = Graph()
    got = run(graph, interpolate(graph.input("x", np.float64, 1), [points], [heights]), rows[:, np.newaxis])
    np.testing.assert_allclose(np.ravel(got), np.interp(rows, points, heights), rtol=1e-12, atol=1e-9)
