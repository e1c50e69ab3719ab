"""Which interval a number lies in: numpy's `searchsorted` and `interp`, as one operator of small trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.ensemble import Trees, find_leaves, stacked

Edges = NDArray[np.float64]


def intervals(values: Value, edges: Sequence[Edges], *, side: str = "right") -> Value:
    """Count for each column how many of its sorted `edges` are at most it, int64 [rows, columns].

    With side `left` those that are below it. NaN lies above all edges, as in numpy.
    """
    trees = [_tree(column, own, side=side) for column, own in enumerate(edges)]
    counts = np.array([own.size + 1 for own in edges])
    before: NDArray[np.int64] = np.cumsum(counts) - counts
    return find_leaves(values, stacked(trees)) - before


def interpolate(values: Value, points: Sequence[Edges], heights: Sequence[Edges]) -> Value:
    """Interpolate each column as `np.interp` does, in its arithmetic; `points` are sorted, NaN gives NaN.

    Between points x0 and x1 the result is slope · (x - x0) + y0, at a point its height (a slope may be
    infinite), beyond the ends the end's height.
    """
    graph = values.graph
    place = intervals(values, points)
    firsts, slopes, starts = [], [], []
    for xs, ys in zip(points, heights, strict=True):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inner = np.diff(ys) / np.diff(xs)
        inner = np.where(np.diff(xs) == 0.0, 0.0, inner)
        slopes.append(np.concatenate([[0.0], inner, [0.0]]))
        firsts.append(np.concatenate([[0.0], xs]))
        starts.append(np.concatenate([[ys[0]], ys]))
    sizes = np.array([xs.size + 1 for xs in points])
    index = place + (np.cumsum(sizes) - sizes)
    slope, first, start = (_read(index, tables) for tables in (slopes, firsts, starts))
    bounded = graph.where(slope.equals(0.0), 0.0, values - first)
    inside = graph.where(bounded.equals(0.0), start, slope * bounded + start)
    return graph.where(values.is_nan(), values, inside)


def _read(index: Value, tables: Sequence[NDArray[Any]]) -> Value:
    return index.graph.op("Gather", np.concatenate(tables), index, dtype=np.float64, axis=0)


def _tree(column: int, edges: Edges, *, side: str) -> Trees:
    """Make a balanced tree whose leaves, from left to right, are the intervals between the edges."""
    inner = edges.size
    left = np.full(2 * inner + 1, -1)
    right = left.copy()
    threshold = np.zeros(2 * inner + 1)

    def grow(low: int, high: int) -> int:
        """Build the nodes for the edges from `low` to `high`; the first leaf stands at position `inner`."""
        if low == high:
            return inner + low
        middle = (low + high) // 2
        threshold[middle] = edges[middle]
        left[middle] = grow(low, middle)
        right[middle] = grow(middle + 1, high)
        return middle

    root = grow(0, inner)
    return Trees(
        roots=np.array([root]),
        left=left,
        right=right,
        feature=np.full(2 * inner + 1, column),
        threshold=threshold,
        strict=side == "right",
    )
