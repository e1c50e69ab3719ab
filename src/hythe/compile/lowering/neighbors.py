"""Nearest neighbours, neighbours within a radius, and local outliers among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.distances import metric
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.nearest import Nearest, nearest, neighbour_rows, stored_points
from hythe.compile.lowering.results import Classified, Detected, MultiClassified, Regressed, Result
from hythe.compile.lowering.scores import finite_doubles


@lowers("sklearn.KNeighborsClassifier")
def nearest_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower the vote of the nearest neighbours; of classes with equal votes the first wins."""
    found = nearest(model, finite_doubles(frame, lowerer), model.n_neighbors)
    weights = _weights(model, found.distances)
    if weights is not None:
        lowerer.refuse((weights.reduce("Max", keepdims=True)).equals(0.0))
    return _targets(model, [_votes(labels, found, weights) for labels in _labels(model)])


@lowers("sklearn.KNeighborsRegressor")
def nearest_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the mean of the nearest neighbours."""
    found = nearest(model, finite_doubles(frame, lowerer), model.n_neighbors)
    targets = np.asarray(model._y, dtype=np.float64)  # noqa: SLF001 - the targets that fit stored
    rows = neighbour_rows(targets.reshape(len(targets), -1), found.indices)
    weights = _weights(model, found.distances)
    if weights is None:
        values = rows.reduce("Mean", axis=1)
    else:
        shares = weights.reshape(0, 0, 1)
        values = (rows * shares).reduce("Sum", axis=1) / weights.reduce("Sum", keepdims=True)
    return Regressed(values.column(0) if targets.ndim == 1 else values)


@lowers("sklearn.RadiusNeighborsClassifier")
def radius_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower the vote of all neighbours within the radius, and what is said where there are none."""
    shares = _within(model, finite_doubles(frame, lowerer))
    alone = shares.reduce("Max", keepdims=True).equals(0.0)
    if model.outlier_label_ is None:
        lowerer.refuse(alone)
    votes = [shares @ np.eye(len(classes))[y] for y, classes in _labels(model)]
    outliers = [None] * len(votes) if model.outlier_label_ is None else list(model.outlier_label_)
    classes = _class_lists(model)
    answers = [
        _with_outliers(vote, known, label, alone)
        for vote, known, label in zip(votes, classes, outliers, strict=True)
    ]
    return MultiClassified(tuple(answers)) if model.outputs_2d_ else answers[0]


@lowers("sklearn.RadiusNeighborsRegressor")
def radius_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the mean of all neighbours within the radius; a row without any gets NaN."""
    shares = _within(model, finite_doubles(frame, lowerer))
    y = np.asarray(model._y)  # noqa: SLF001 - the targets that fit stored
    targets = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    total = shares.reduce("Sum", keepdims=True)
    with np.errstate(invalid="ignore"):
        nothing = np.full_like(y.reshape(len(y), -1)[0], np.nan).astype(np.float64)
    values = frame.graph.where(total > 0.0, (shares @ targets) / total, nothing)
    return Regressed(values.column(0) if y.ndim == 1 else values)


@lowers("sklearn.LocalOutlierFactor")
def local_outlier_factor(model: Any, frame: Frame, lowerer: Lowerer) -> Detected:
    """Lower the ratio of a row's local density to that of its neighbours (Breunig and others, 2000)."""
    if not model.novelty:
        raise CannotLower("LocalOutlierFactor(novelty=False) cannot predict new rows")
    count = model.n_neighbors_
    found = nearest(model, finite_doubles(frame, lowerer), count)
    reach_of = np.asarray(model._distances_fit_X_[:, count - 1], dtype=np.float64)
    graph = frame.graph
    reach = graph.op("Max", found.distances, _lookup(graph.constant(reach_of), found.indices))
    density = 1.0 / (reach.reduce("Mean", keepdims=True) + 1e-10)
    densities = np.asarray(model._lrd, dtype=np.float64)  # noqa: SLF001 - fitted
    ratios = _lookup(graph.constant(densities), found.indices) / density
    score = -ratios.reduce("Mean") - float(model.offset_)
    return Detected(~(score < 0.0), score)


def _within(model: Any, values: Value) -> Value:
    """Weigh the stored points: [rows, points], zero beyond the radius."""
    if model.effective_metric_ == "precomputed":
        ranks, radius, kind = values, float(model.radius), metric("sqeuclidean", {})
    else:
        kind = metric(str(model.effective_metric_), model.effective_metric_params_)
        ranks = kind.ranks(values, stored_points(model))
        radius = kind.rank_of(float(model.radius))
    inside = ranks <= radius
    if model.weights in {"uniform", None}:
        return inside.cast(np.float64)
    _check_weights(model)
    graph = values.graph
    same = inside & ranks.equals(0.0)
    here = same.cast(np.float64)
    shares = graph.where(inside, 1.0 / kind.restore(ranks), 0.0)
    return graph.where(here.reduce("Max", keepdims=True) > 0.0, here, shares)


def _weights(model: Any, distances: Value) -> Value | None:
    """Weigh neighbours by 1 / distance; where one is at zero, those at zero alone count."""
    if model.weights in {"uniform", None}:
        return None
    _check_weights(model)
    graph = distances.graph
    here = distances.equals(0.0).cast(np.float64)
    return graph.where(here.reduce("Max", keepdims=True) > 0.0, here, 1.0 / distances)


def _check_weights(model: Any) -> None:
    if not isinstance(model.weights, str) or model.weights != "distance":
        raise CannotLower(f"{type(model).__name__}(weights={model.weights!r}) runs Python")


def _labels(model: Any) -> list[tuple[NDArray[np.int64], NDArray[Any]]]:
    """Pair each target's encoded labels with its classes."""
    y = np.asarray(model._y)  # noqa: SLF001 - the labels that fit encoded
    return list(zip(y.reshape(len(y), -1).T, _class_lists(model), strict=True))


def _class_lists(model: Any) -> list[NDArray[Any]]:
    return list(model.classes_) if model.outputs_2d_ else [model.classes_]


def _votes(labels: tuple[NDArray[np.int64], NDArray[Any]], found: Nearest, weights: Value | None) -> Value:
    y, classes = labels
    rows = neighbour_rows(np.eye(len(classes))[y], found.indices)
    return (rows if weights is None else rows * weights.reshape(0, 0, 1)).reduce("Sum", axis=1)


def _targets(model: Any, votes: Sequence[Value]) -> Result:
    answers = [
        Classified(vote.argmax(), classes, vote / vote.reduce("Sum", keepdims=True))
        for vote, classes in zip(votes, _class_lists(model), strict=True)
    ]
    return MultiClassified(tuple(answers)) if model.outputs_2d_ else answers[0]


def _with_outliers(votes: Value, classes: NDArray[Any], label: Any, alone: Value) -> Classified:
    """Answer `label` where there are no neighbours: a class of its own when it is none of the known ones."""
    graph = votes.graph
    total = votes.reduce("Sum", keepdims=True)
    shares = graph.where(total.equals(0.0), votes, votes / total)
    if label is None:
        return Classified(shares.argmax(), classes, shares)
    position = np.flatnonzero(classes == label)
    if len(position) == 1:
        shares = graph.where(alone, np.eye(len(classes))[position], shares)
        return Classified(shares.argmax(), classes, shares)
    index = graph.where(alone.reshape(-1), len(classes), shares.argmax())
    return Classified(index, np.append(classes, np.asarray([label], dtype=classes.dtype)), shares)


def _lookup(table: Value, indices: Value) -> Value:
    return table.graph.op("Gather", table, indices, axis=0)
