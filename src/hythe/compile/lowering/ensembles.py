"""scikit-learn's bagging and AdaBoost: many estimators asked alike; trees among them become one operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.ensemble import Trees, stacked, sum_leaves, sum_rows
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Regressed
from hythe.compile.lowering.trees import read_tree, single_precision, takes_missing

_TREES = {"DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"}


@lowers("sklearn.BaggingClassifier")
def bagging_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the mean of the estimators' probabilities, or of their votes where they have none."""
    count = len(model.classes_)
    if _are_trees(model.estimators_):
        values, trees = _bagged_trees(model, frame, lowerer)
        rows = [_spread(estimator.tree_.value[:, 0, :], estimator, count) for estimator in model.estimators_]
        total = sum_rows(values, trees, np.concatenate(rows))
    else:
        answers = _answers(model, frame, lowerer)
        total = reduce(add, [_shares(answer, count) for answer in answers])
    shares = total / float(model.n_estimators)
    return Classified(shares.argmax(), model.classes_, shares)


@lowers("sklearn.BaggingRegressor")
def bagging_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the mean of the estimators' values."""
    if _are_trees(model.estimators_):
        values, trees = _bagged_trees(model, frame, lowerer)
        tables = [estimator.tree_.value[:, :, 0] for estimator in model.estimators_]
        total = sum_rows(values, trees, np.concatenate(tables))
        total = total.column(0) if tables[0].shape[1] == 1 else total
    else:
        total = reduce(add, [_value(answer) for answer in _answers(model, frame, lowerer)])
    return Regressed(total / float(model.n_estimators))


@lowers("sklearn.AdaBoostClassifier")
def adaptive_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the weighted votes: a class gains an estimator's weight, or loses its share of it."""
    count = len(model.classes_)
    if count == 1:
        raise CannotLower("AdaBoostClassifier was trained on one class")
    weights = model.estimator_weights_[: len(model.estimators_)]
    if _are_trees(model.estimators_):
        values = single_precision(frame, lowerer, allow_nan=False)
        pairs = zip(model.estimators_, weights, strict=True)
        tables = [_votes_of_leaves(estimator, model.classes_, weight) for estimator, weight in pairs]
        total = sum_rows(values, _forest(model.estimators_), np.concatenate(tables))
    else:
        answers = [_labelled(answer) for answer in _checked_answers(model, frame, lowerer)]
        total = reduce(add, [_votes(a, model.classes_, w) for a, w in zip(answers, weights, strict=True)])
    score = total / float(model.estimator_weights_.sum())
    if count > 2:  # noqa: PLR2004 - two classes share one score
        shares = (score / float(count - 1)).apply("Softmax", axis=1)
        return Classified(score.argmax(), model.classes_, shares, score)
    decision = score.column(1) - score.column(0)
    halves = decision.reshape(-1, 1) @ np.array([[-0.5, 0.5]])
    index = (decision > 0.0).cast(np.int64)
    return Classified(index, model.classes_, halves.apply("Softmax", axis=1), decision)


@lowers("sklearn.AdaBoostRegressor")
def adaptive_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the weighted median of the estimators' values."""
    count = len(model.estimators_)
    if _are_trees(model.estimators_):
        values = single_precision(frame, lowerer, allow_nan=False)
        leaves = np.concatenate([estimator.tree_.value[:, 0, 0] for estimator in model.estimators_])
        found = sum_leaves(values, _forest(model.estimators_), leaves, targets=np.arange(count))
    else:
        answers = _checked_answers(model, frame, lowerer)
        found = lowerer.graph.concat([_value(answer).reshape(-1, 1) for answer in answers])
    return Regressed(_weighted_median(found, model.estimator_weights_[:count]))


def _weighted_median(values: Value, weights: NDArray[np.float64]) -> Value:
    """Take the least of `values` [rows, n] at which the weights of it and those below reach half of all."""
    graph, count = values.graph, weights.size
    ordered, order = graph.ops(
        "TopK", values, np.array([count]), dtypes=(None, np.int64), axis=1, largest=0, sorted=1
    )
    gathered = graph.op("Gather", graph.constant(weights), order, dtype=np.float64)
    reached = graph.op("CumSum", gathered, np.array(1))
    enough = reached >= reached.columns([count - 1]) * 0.5
    return graph.where(enough, ordered, np.inf).reduce("Min")


def _are_trees(estimators: Sequence[Any]) -> bool:
    """Tell whether all are scikit-learn's own single trees."""
    return all(
        type(estimator).__module__.startswith("sklearn.tree.") and type(estimator).__name__ in _TREES
        for estimator in estimators
    )


def _forest(estimators: Sequence[Any]) -> Trees:
    return stacked([read_tree(estimator.tree_, missing=False) for estimator in estimators])


def _bagged_trees(model: Any, frame: Frame, lowerer: Lowerer) -> tuple[Value, Trees]:
    """Read trees, each on columns of its own; only columns that some tree is given are checked."""
    missing = takes_missing(model.estimators_[0])
    given = np.unique(np.concatenate(model.estimators_features_))
    chosen = frame if given.size == frame.width else frame.select(given.tolist())
    values = single_precision(chosen, lowerer, allow_nan=missing)
    read = [read_tree(estimator.tree_, missing=missing) for estimator in model.estimators_]
    columns = [np.searchsorted(given, features) for features in model.estimators_features_]
    moved = [
        replace(tree, feature=own[np.where(tree.left < 0, 0, tree.feature)].astype(np.int64))
        for tree, own in zip(read, columns, strict=True)
    ]
    return values, stacked(moved)


def _answers(model: Any, frame: Frame, lowerer: Lowerer) -> list[Any]:
    """Lower estimators that are no trees, each on columns of its own, which it sees without names."""
    bare = replace(frame, names=None)
    whole = list(range(frame.width))
    return [
        lowerer.predict(estimator, bare if list(features) == whole else bare.select(features))
        for estimator, features in zip(model.estimators_, model.estimators_features_, strict=True)
    ]


def _checked_answers(model: Any, frame: Frame, lowerer: Lowerer) -> list[Any]:
    """Lower AdaBoost's estimators behind its own check for finite numbers."""
    lowerer.refuse_not_finite(frame.numbers().cast(np.float64))
    bare = replace(frame, names=None)
    return [lowerer.predict(estimator, bare) for estimator in model.estimators_]


def _spread(table: NDArray[np.float64], estimator: Any, count: int) -> NDArray[np.float64]:
    """Put an estimator's columns at its classes, which bagging numbers."""
    spread = np.zeros((len(table), count))
    spread[:, estimator.classes_] = table[:, : len(estimator.classes_)]
    return spread


def _shares(answer: Any, count: int) -> Value:
    """Give an estimator's probabilities, or its vote, at its classes: [rows, count]."""
    found = _labelled(answer)
    if found.probabilities is None:
        place = np.full(count, -1)
        place[found.classes] = np.arange(len(found.classes))
        return found.index.reshape(-1, 1).equals(place).cast(np.float64)
    if len(found.classes) == count:
        return found.probabilities.cast(np.float64)
    columns = np.zeros((len(found.classes), count))
    columns[np.arange(len(found.classes)), found.classes] = 1.0
    spread: Value = found.probabilities.cast(np.float64) @ columns
    return spread


def _votes_of_leaves(estimator: Any, classes: NDArray[Any], weight: float) -> NDArray[np.float64]:
    """Give what each class gains in each leaf of a tree, [nodes, classes]."""
    voted = estimator.classes_[estimator.tree_.value[:, 0, :].argmax(axis=1)]
    return np.where(voted[:, None] == classes, weight, -1 / (len(classes) - 1) * weight)


def _votes(found: Classified, classes: NDArray[Any], weight: float) -> Value:
    """Give what each class gains by an estimator's label, [rows, classes]."""
    known = {label: place for place, label in enumerate(found.classes.tolist())}
    place = np.array([known.get(label, -1) for label in classes.tolist()])
    gained = found.index.reshape(-1, 1).equals(place)
    graph = found.index.graph
    return graph.where(gained, graph.constant(float(weight)), -1 / (len(classes) - 1) * float(weight))


def _labelled(answer: Any) -> Classified:
    if not isinstance(answer, Classified):
        raise CannotLower("an estimator of the ensemble does not answer one label a row")
    return answer


def _value(answer: Any) -> Value:
    if not isinstance(answer, Regressed):
        raise CannotLower("an estimator of the ensemble does not answer numbers")
    return answer.value.cast(np.float64)
