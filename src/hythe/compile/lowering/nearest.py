"""The nearest stored points of each row, with scikit-learn's own choice among equals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Graph, Value
from hythe.compile.loops import repeat
from hythe.compile.lowering.bounded_heap import pushed
from hythe.compile.lowering.distances import Metric, metric
from hythe.compile.lowering.frame import CannotLower
from hythe.compile.lowering.kernels import Points, brute_squared_distances
from hythe.compile.lowering.search_order import Tree

_POWERS = {
    "euclidean": 2.0,
    "l2": 2.0,
    "manhattan": 1.0,
    "cityblock": 1.0,
    "l1": 1.0,
    "chebyshev": np.inf,
    "infinity": np.inf,
}
_SORTED = frozenset({"cosine", "hamming", "mahalanobis"})
"""Metrics whose brute force sorts a full table of distances and keeps no heap."""
_LARGEST = float(np.finfo(np.float64).max)
"""What a heap of brute force holds in a place that no finite distance took."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest stored points of each row: `indices` int64 and `distances`, both [rows, neighbours]."""

    indices: Value
    distances: Value


def nearest(model: Any, values: Value, count: int) -> Nearest:
    """Find the `count` nearest of the points that `model` stored.

    Raises:
        CannotLower: when the metric has no lowering, or the model stores fewer points than asked for.

    """
    if model.effective_metric_ == "precomputed":
        return _ranked(values, count, np.arange(model.n_samples_fit_))
    if count > model.n_samples_fit_:
        raise CannotLower(f"{count} neighbours are asked for, and {model.n_samples_fit_} points are stored")
    points, kind = stored_points(model), metric(str(model.effective_metric_), model.effective_metric_params_)
    if model._fit_method != "brute":  # noqa: SLF001 - how the model searches
        tree = Tree.of(model._tree, _power(model))  # noqa: SLF001 - the tree that fit built
        ranks = kind.ranks(values, points[tree.order])
        found = _found(ranks, values, count, tree.order, (tree, kind))
        return Nearest(found.indices, kind.restore(found.distances))
    order = np.arange(len(points))
    if model.effective_metric_ in {"euclidean", "l2", "sqeuclidean"}:
        found = _found(brute_squared_distances(values, points), values, count, order, None)
        exact = _measured(values, points, found.indices)
        known = values.graph.where(exact.is_inf(), found.distances, exact)
        reached = values.graph.where(found.distances.is_inf(), _LARGEST, known)
        return Nearest(found.indices, kind.restore(reached))
    ranks = kind.ranks(values, points)
    found = (
        _ranked(ranks, count, order)
        if model.effective_metric_ in _SORTED
        else _found(ranks, values, count, order, None)
    )
    return Nearest(found.indices, kind.restore(found.distances))


def stored_points(model: Any) -> Points:
    """Give the points that fit stored, dense: float64 [points, features]."""
    stored = model._fit_X  # noqa: SLF001 - the points that fit stored
    return np.asarray(stored.toarray() if hasattr(stored, "toarray") else stored, dtype=np.float64)


def neighbour_rows(table: NDArray[np.float64], indices: Value) -> Value:
    """Look up [rows, neighbours, columns] in a table of one row for each stored point."""
    return indices.graph.op("Gather", indices.graph.constant(table), indices, axis=0)


def _power(model: Any) -> float:
    name = str(model.effective_metric_)
    return _POWERS.get(name) or float(model.effective_metric_params_.get("p", 2.0))


def _found(
    ranks: Value, values: Value, count: int, order: NDArray[np.int64], tree: tuple[Tree, Metric] | None
) -> Nearest:
    """Take the least ranks; where the last of them ties with the next, search as the model does."""
    points = len(order)
    if count == points:
        return _ranked(ranks, count, order)
    fast = _ranked(ranks, count + 1, order)
    graph = ranks.graph
    last, after = fast.distances.column(count - 1), fast.distances.column(count)
    ties = last.equals(after).cast(np.int32).reduce("Max", axis=0) > 0
    chosen = list(range(count))
    state = [fast.indices.columns(chosen), fast.distances.columns(chosen), ranks, values]

    def search(body: Graph, now: list[Value]) -> tuple[Value, list[Value]]:
        found = _searched(body, now[2], now[3], count, order, tree)
        never = body.constant(np.asarray(False))
        return body.op("Identity", never), [found.indices, found.distances, now[2], now[3]]

    indices, distances, _, _ = repeat(graph, 1, state, search, when=ties)
    return Nearest(indices, distances)


def _searched(
    body: Graph,
    ranks: Value,
    values: Value,
    count: int,
    order: NDArray[np.int64],
    tree: tuple[Tree, Metric] | None,
) -> Nearest:
    """Push all ranks into a bounded heap in the order in which the search meets them."""
    if tree is not None:
        visits = tree[0].visits(values, tree[1])
        ranks = body.op("GatherElements", ranks, visits, axis=1)
    kept, places = pushed(body, ranks, count, len(order))
    if tree is not None:
        places = body.op("GatherElements", visits, places, axis=1)
    return _named(kept, places, order)


def _ranked(ranks: Value, count: int, order: NDArray[np.int64]) -> Nearest:
    kinds = (None, np.int64)
    options = {"axis": -1, "largest": 0}
    least, places = ranks.graph.ops("TopK", ranks, np.asarray([count]), dtypes=kinds, **options)  # type: ignore[arg-type]  # attributes, no domain
    return _named(least, places, order)


def _named(distances: Value, places: Value, order: NDArray[np.int64]) -> Nearest:
    """Turn positions into indices; a place that nothing finite took holds index 0, as in an empty heap."""
    graph = distances.graph
    indices = graph.op("Gather", graph.constant(order), places, axis=0)
    return Nearest(graph.where(distances.is_inf(), 0, indices), distances)


def _measured(values: Value, points: Points, indices: Value) -> Value:
    """Measure squared distances to the chosen points exactly."""
    offsets = values.reshape(-1, 1, points.shape[1]) - neighbour_rows(points, indices)
    return (offsets * offsets).reduce("Sum", axis=2)
