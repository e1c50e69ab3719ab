"""scikit-learn's isolation forest: the mean depth of a row's leaves, and where it tips the label."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from hythe.compile.lowering.ensemble import stacked, sum_leaves
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.links import least_true
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Detected
from hythe.compile.lowering.trees import read_tree

_DEEPEST = np.float64(1e6)


@lowers("sklearn.IsolationForest")
def isolation_forest(model: Any, frame: Frame, lowerer: Lowerer) -> Detected:  # noqa: ARG001 - it refuses nothing
    """Lower the detector; it takes every number, infinite and missing ones included."""
    values = frame.numbers().cast(np.float32).cast(np.float64)
    trees = [
        replace(tree, feature=np.asarray(chosen)[np.where(tree.left < 0, 0, tree.feature)].astype(np.int64))
        for tree, chosen in (
            (read_tree(estimator.tree_, missing=True), chosen)
            for estimator, chosen in zip(model.estimators_, model.estimators_features_, strict=True)
        )
    ]
    lengths = zip(model._decision_path_lengths, model._average_path_length_per_tree, strict=True)  # noqa: SLF001
    weights = [path + average - 1.0 for path, average in lengths]
    depth = sum_leaves(values, stacked(trees), np.concatenate(weights)).column(0)
    full_depth = len(trees) * _average_path_length(model)
    score = -model.offset_ - (depth * (-math.log(2.0) / full_depth)).apply("Exp")
    return Detected(depth >= _least_depth_of_inliers(full_depth, model.offset_), score)


def _average_path_length(model: Any) -> float:
    """Ask scikit-learn for the mean depth of a tree over as many samples as each tree saw."""
    from sklearn.ensemble._iforest import _average_path_length

    length = float(_average_path_length([model._max_samples])[0])  # noqa: SLF001 - as its own score does
    if length == 0.0:
        raise CannotLower("IsolationForest was trained on single samples, so all rows score alike")
    return length


def _least_depth_of_inliers(full_depth: float, offset: float) -> float:
    """Find the summed depth from which on `decision_function` is not below zero, in its own arithmetic."""

    def is_inlier(depth: np.float64) -> bool:
        score = -(2.0 ** -np.divide(np.array([depth]), full_depth))
        return bool((score - offset)[0] >= 0.0)

    if is_inlier(np.float64(0.0)):
        return 0.0
    return float(least_true(is_inlier, np.float64(0.0), _DEEPEST)) if is_inlier(_DEEPEST) else math.inf
