"""Clusters: the nearest centre, and the distances to all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers, transforms
from hythe.compile.lowering.results import Classified
from hythe.compile.lowering.scaling import alike, checked

_BY_MEANS = ("sklearn.KMeans", "sklearn.MiniBatchKMeans")


@lowers(*_BY_MEANS)
def nearest_mean(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the first nearest centre, by |c|² - 2 x·c as the original compares them."""
    centres = _points(model.cluster_centers_)
    return _nearest(checked(frame, lowerer), centres, np.arange(len(centres)))


@transforms(*_BY_MEANS, "sklearn.BisectingKMeans")
def distances_to_means(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the Euclidean distances to all centres."""
    return _distances(frame, lowerer, _points(model.cluster_centers_))


@lowers("sklearn.Birch")
def nearest_subcluster(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the cluster of the first nearest subcluster."""
    centres = _points(model.subcluster_centers_)
    return _nearest(checked(frame, lowerer), centres, np.asarray(model.subcluster_labels_))


@transforms("sklearn.Birch")
def distances_to_subclusters(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the Euclidean distances to all subclusters."""
    return _distances(frame, lowerer, _points(model.subcluster_centers_))


def _nearest(value: Value, centres: NDArray[np.float64], labels: NDArray[Any]) -> Classified:
    norms = (centres * centres).sum(axis=1)
    distances = value.graph.op("Gemm", value, np.ascontiguousarray(-2.0 * centres.T), norms)
    return Classified(distances.argmin(), labels)


def _distances(frame: Frame, lowerer: Lowerer, centres: NDArray[np.float64]) -> Frame:
    """Compute |x|² - 2 x·c + |c|² in the order of `euclidean_distances`, and its root."""
    value = checked(frame, lowerer)
    squares = value @ (-2.0 * centres.T) + value.reduce("SumSquare", keepdims=True)
    squares = value.graph.op("Max", squares + (centres * centres).sum(axis=1), np.asarray(0.0))
    return replace(alike(frame, squares.apply("Sqrt"), len(centres)), sparse=False)


def _points(centres: Any) -> NDArray[np.float64]:
    return np.asarray(centres, dtype=np.float64)
