"""The metrics of neighbour models: keys that rank stored points, and the distances behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower
from hythe.compile.lowering.kernels import (
    Points,
    accumulate,
    chebyshev,
    cosine,
    manhattan,
    squared_distances,
)


@dataclass(frozen=True, slots=True)
class Metric:
    """`ranks` gives [rows, points] that order as distances do; `restore` turns ranks into distances."""

    ranks: Callable[[Value, Points], Value]
    restore: Callable[[Value], Value]
    rank_of: Callable[[float], float]


def metric(name: str, settings: Mapping[str, Any]) -> Metric:
    """Find a metric by scikit-learn's name; ranks are its `rdist`, summed in its order.

    Raises:
        CannotLower: when there is no lowering for the metric.

    """
    if name in {"euclidean", "l2"}:
        return Metric(squared_distances, lambda rank: rank.apply("Sqrt"), lambda d: d * d)
    if name in {"minkowski", "p", "wminkowski"}:
        return _minkowski(float(settings.get("p", 2)), settings.get("w"))
    if name == "seuclidean":
        return Metric(_standardised(settings["V"]), lambda rank: rank.apply("Sqrt"), lambda d: d * d)
    if name == "mahalanobis":
        return Metric(_mahalanobis(settings), lambda rank: rank.apply("Sqrt"), lambda d: d * d)
    if name in _PLAIN:
        return Metric(_PLAIN[name], lambda rank: rank, lambda d: d)
    raise CannotLower(f"the metric {name!r} has no lowering")


def _minkowski(p: float, weights: Any) -> Metric:
    if weights is None:
        return Metric(
            lambda values, points: accumulate(values, points, lambda d, _: d.apply("Abs") ** p),
            lambda rank: rank ** (1.0 / p),
            lambda d: d**p,
        )
    factors = np.asarray(weights, dtype=np.float64)
    return Metric(
        lambda values, points: accumulate(values, points, lambda d, w: (d.apply("Abs") ** p) * w, factors),
        lambda rank: rank ** (1.0 / p),
        lambda d: d**p,
    )


def _standardised(variances: Any) -> Callable[[Value, Points], Value]:
    spread = np.asarray(variances, dtype=np.float64)
    return lambda values, points: accumulate(values, points, lambda d, v: d * d / v, spread)


def _mahalanobis(settings: Mapping[str, Any]) -> Callable[[Value, Points], Value]:
    inverse = settings["VI"] if settings.get("VI") is not None else np.linalg.inv(settings["V"])
    try:
        root = np.linalg.cholesky(np.asarray(inverse, dtype=np.float64))
    except np.linalg.LinAlgError as err:
        raise CannotLower("the metric 'mahalanobis' has a VI that is not positive definite") from err
    return lambda values, points: squared_distances(values @ root, points @ root)


def _hamming(values: Value, points: Points) -> Value:
    unequal = accumulate(values, points, lambda d, _: (~d.equals(0.0)).cast(np.float64))
    return unequal / float(points.shape[1])


def _canberra(values: Value, points: Points) -> Value:
    return _by_feature(values, points, _canberra_cell)


def _canberra_cell(column: Value, known: Points) -> Value:
    whole = column.apply("Abs") + np.abs(known)
    share = (column - known).apply("Abs") / whole
    return column.graph.where(whole > 0.0, share, 0.0)


def _bray_curtis(values: Value, points: Points) -> Value:
    size = _by_feature(values, points, lambda x, y: x.apply("Abs") + np.abs(y))
    share = manhattan(values, points) / size
    return values.graph.where(size > 0.0, share, 0.0)


def _by_feature(values: Value, points: Points, cell: Callable[[Value, Points], Value]) -> Value:
    total = cell(values.columns([0]), points[:, 0])
    for i in range(1, points.shape[1]):
        total = total + cell(values.columns([i]), points[:, i])
    return total


def _cosine_distance(values: Value, points: Points) -> Value:
    similarity = cosine(values, points)
    return values.graph.op("Clip", 1.0 - similarity, np.asarray(0.0), np.asarray(2.0))


_PLAIN: Mapping[str, Callable[[Value, Points], Value]] = {
    "manhattan": manhattan,
    "cityblock": manhattan,
    "l1": manhattan,
    "chebyshev": chebyshev,
    "infinity": chebyshev,
    "sqeuclidean": squared_distances,
    "hamming": _hamming,
    "canberra": _canberra,
    "braycurtis": _bray_curtis,
    "cosine": _cosine_distance,
}
