"""scikit-learn's GradientBoosting: float32 inputs, and trees added to what an initial estimator says."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.ensemble import stacked, sum_leaves
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.links import probabilities
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Regressed
from hythe.compile.lowering.trees import read_tree, single_precision

_EPSILON = float(np.finfo(np.float64).eps)


@lowers("sklearn.GradientBoostingRegressor")
def boosting_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the regressor: its answer is the raw score, whatever its loss."""
    return Regressed(_raw(model, frame, lowerer).column(0))


@lowers("sklearn.GradientBoostingClassifier")
def boosting_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the classifier: a score of zero is the second class here, unlike in HistGradientBoosting."""
    raw = _raw(model, frame, lowerer)
    shares = probabilities(raw, model._loss.link)  # noqa: SLF001 - it knows its own link
    if model.n_trees_per_iteration_ > 1:
        return Classified(raw.argmax(), model.classes_, shares, raw)
    score = raw.column(0)
    return Classified((score >= 0.0).cast(np.int64), model.classes_, shares, score)


def _raw(model: Any, frame: Frame, lowerer: Lowerer) -> Value:
    """Add the trees to the initial scores, [rows, trees per stage]."""
    values = single_precision(frame, lowerer, allow_nan=False)
    estimators = model.estimators_.ravel()
    trees = stacked([read_tree(estimator.tree_, missing=False) for estimator in estimators])
    weights = np.concatenate([estimator.tree_.value[:, 0, 0] for estimator in estimators])
    count = model.n_trees_per_iteration_
    constant = _constant_start(model)
    scores = sum_leaves(
        values,
        trees,
        model.learning_rate * weights,
        targets=np.arange(len(estimators)) % count,
        start=np.zeros(count) if constant is None else constant,
    )
    if constant is not None:
        return scores
    return _start(model, Frame.of(values, frame.width, single=True), lowerer) + scores


def _constant_start(model: Any) -> Any:
    """Ask for the scores [trees per stage] that every row begins with; None when they depend on the row."""
    if isinstance(model.init_, str):
        return np.zeros(model.n_trees_per_iteration_)
    kind = type(model.init_)
    if kind.__module__ != "sklearn.dummy" or getattr(model.init_, "strategy", "") in {
        "stratified",
        "uniform",
    }:
        return None
    rows = np.zeros((1, model.n_features_in_), dtype=np.float32)
    return np.asarray(model._raw_predict_init(rows), dtype=np.float64)[0]  # noqa: SLF001 - its own words


def _start(model: Any, frame: Frame, lowerer: Lowerer) -> Value:
    """Lower the initial estimator and put its answer through the loss's link, [rows, trees per stage]."""
    result = lowerer.predict(model.init_, frame)
    if isinstance(result, Regressed):
        return result.value.cast(np.float64).reshape(-1, 1)
    if not isinstance(result, Classified) or result.probabilities is None:
        raise CannotLower(f"the initial estimator {type(model.init_).__name__} has no probabilities")
    graph = lowerer.graph
    bounds = (graph.constant(_EPSILON), graph.constant(1 - _EPSILON))
    shares = graph.op("Clip", result.probabilities.cast(np.float64), *bounds)
    name = type(model._loss.link).__name__  # noqa: SLF001 - it knows its own link
    if name == "MultinomialLogit":
        logs = shares.apply("Log")
        return logs - logs.reduce("Mean", keepdims=True)
    if name not in {"LogitLink", "HalfLogitLink"}:
        raise CannotLower(f"a classifier with the link {name} has no lowering")
    positive = shares.columns([1])
    score = (positive / (1.0 - positive)).apply("Log")
    return score * 0.5 if name == "HalfLogitLink" else score
