"""scikit-learn's decision trees and forests: float32 inputs, float64 thresholds, sums in the trees' order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.ensemble import Trees, find_leaves, stacked, sum_rows
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, MultiClassified, Regressed


def single_precision(frame: Frame, lowerer: Lowerer, *, allow_nan: bool) -> Value:
    """Round the columns to float32, refuse what is not finite then; gives float64 [rows, width]."""
    values = frame.numbers().cast(np.float32).cast(np.float64)
    lowerer.refuse_not_finite(values, allow_nan=allow_nan)
    return values


def read_tree(tree: Any, *, missing: bool) -> Trees:
    """Read a fitted `sklearn.tree._tree.Tree`; `missing` tells whether NaN can reach it."""
    return Trees(
        roots=np.zeros(1, dtype=np.int64),
        left=tree.children_left.astype(np.int64),
        right=tree.children_right.astype(np.int64),
        feature=tree.feature.astype(np.int64),
        threshold=tree.threshold,
        missing_left=tree.missing_go_to_left.astype(np.bool_) if missing else None,
    )


def takes_missing(tree: Any) -> bool:
    """Tell whether an estimator of `sklearn.tree` lets NaN pass when it predicts."""
    return bool(tree._support_missing_values(np.zeros((1, 1))))  # noqa: SLF001 - its own words for the rule


@lowers("sklearn.DecisionTreeRegressor", "sklearn.ExtraTreeRegressor")
def tree_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower one regression tree."""
    return _regressed(_summed([model], frame, lowerer), model)


@lowers("sklearn.RandomForestRegressor", "sklearn.ExtraTreesRegressor")
def forest_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a regression forest: the mean of its trees."""
    return _regressed(_summed(model.estimators_, frame, lowerer) / float(len(model.estimators_)), model)


@lowers("sklearn.DecisionTreeClassifier", "sklearn.ExtraTreeClassifier")
def tree_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified | MultiClassified:
    """Lower one classification tree: the shares of the classes in the leaf."""
    return _classified(_summed([model], frame, lowerer), model)


@lowers("sklearn.RandomForestClassifier", "sklearn.ExtraTreesClassifier")
def forest_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified | MultiClassified:
    """Lower a classification forest: the mean of its trees' shares."""
    return _classified(_summed(model.estimators_, frame, lowerer) / float(len(model.estimators_)), model)


@lowers("sklearn.RandomTreesEmbedding")
def trees_embedding(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the embedding: one column of zeros and ones for each leaf that training reached."""
    values = single_precision(frame, lowerer, allow_nan=takes_missing(model.estimators_[0]))
    trees = _forest(model.estimators_)
    sizes = [estimator.tree_.node_count for estimator in model.estimators_]
    starts = np.cumsum(sizes) - sizes
    known = zip(starts, model.one_hot_encoder_.categories_, strict=True)
    columns = np.concatenate([start + nodes.astype(np.int64) for start, nodes in known])
    column_of = np.full(trees.left.size, -1)
    column_of[columns] = np.arange(columns.size)
    if (column_of[trees.leaves] < 0).any():
        raise CannotLower("RandomTreesEmbedding has a leaf that training did not reach")
    found = find_leaves(values, trees)
    graph = lowerer.graph
    reached = graph.op("Gather", graph.constant(column_of[trees.leaves]), found)
    marks = graph.op("ScatterElements", _zeros(reached, columns.size), reached, _ones(reached), axis=1)
    return Frame.of(marks, columns.size)


def _zeros(rows: Value, width: int) -> Value:
    """Make float64 zeros [rows, width]."""
    graph = rows.graph
    return graph.op("Mul", rows.columns([0]).cast(np.float64), np.zeros((1, width)))


def _ones(shape: Value) -> Value:
    """Make float64 ones in the shape of a tensor of numbers that are 0 or more."""
    return (shape >= 0).cast(np.float64)


def _forest(estimators: Any) -> Trees:
    missing = takes_missing(estimators[0])
    return stacked([read_tree(estimator.tree_, missing=missing) for estimator in estimators])


def _summed(estimators: Any, frame: Frame, lowerer: Lowerer) -> Value:
    """Add the leaf values of all outputs, [rows, outputs · greatest number of classes]."""
    values = single_precision(frame, lowerer, allow_nan=takes_missing(estimators[0]))
    tables = [estimator.tree_.value.reshape(estimator.tree_.node_count, -1) for estimator in estimators]
    return sum_rows(values, _forest(estimators), np.concatenate(tables))


def _regressed(summed: Value, model: Any) -> Regressed:
    return Regressed(summed.column(0) if model.n_outputs_ == 1 else summed)


def _classified(shares: Value, model: Any) -> Classified | MultiClassified:
    if model.n_outputs_ == 1:
        return _target(shares, model.classes_)
    width = max(model.n_classes_)
    return MultiClassified(
        tuple(
            _target(shares.columns(range(output * width, output * width + classes.size)), classes)
            for output, classes in enumerate(model.classes_)
        )
    )


def _target(shares: Value, classes: NDArray[Any]) -> Classified:
    return Classified(shares.argmax(), classes, shares)
