"""Linear models: one matrix product, then a link or a decision."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Detected, Regressed, Result
from hythe.compile.lowering.scores import (
    affine,
    by_greatest,
    by_logit,
    by_sign,
    expit,
    finite,
    normalised,
    paired,
    zero_one_targets,
)

_REGRESSORS = (
    "sklearn.ARDRegression",
    "sklearn.BayesianRidge",
    "sklearn.ElasticNet",
    "sklearn.ElasticNetCV",
    "sklearn.HuberRegressor",
    "sklearn.Lars",
    "sklearn.LarsCV",
    "sklearn.Lasso",
    "sklearn.LassoCV",
    "sklearn.LassoLars",
    "sklearn.LassoLarsCV",
    "sklearn.LassoLarsIC",
    "sklearn.LinearRegression",
    "sklearn.LinearSVR",
    "sklearn.MultiTaskElasticNet",
    "sklearn.MultiTaskElasticNetCV",
    "sklearn.MultiTaskLasso",
    "sklearn.MultiTaskLassoCV",
    "sklearn.OrthogonalMatchingPursuit",
    "sklearn.OrthogonalMatchingPursuitCV",
    "sklearn.QuantileRegressor",
    "sklearn.Ridge",
    "sklearn.RidgeCV",
    "sklearn.TheilSenRegressor",
)


@lowers(*_REGRESSORS)
def linear_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower `X @ coef_.T + intercept_`, [rows] for one target, [rows, targets] for several."""
    return Regressed(_predicted(model, finite(frame, lowerer)))


@lowers("sklearn.SGDRegressor", "sklearn.PassiveAggressiveRegressor")
def stochastic_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the regressors fitted by stochastic gradient descent, whose answer is flat."""
    values = _predicted(model, finite(frame, lowerer))
    return Regressed(values.reshape(-1))


@lowers("sklearn.RANSACRegressor")
def ransac(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower the regressor fitted on the consensus set; only that one checks its input."""
    return lowerer.predict(model.estimator_, frame)


@lowers("sklearn.PoissonRegressor", "sklearn.GammaRegressor", "sklearn.TweedieRegressor")
def generalised_linear_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a linear predictor with an identity or a log link."""
    raw = linear_regressor(model, frame, lowerer).value
    link = type(model._base_loss.link).__name__  # noqa: SLF001 - the only place that knows the fitted link
    if link == "IdentityLink":
        return Regressed(raw)
    if link == "LogLink":
        return Regressed(raw.apply("Exp"))
    raise CannotLower(f"{type(model).__name__} has the link {link}; only identity and log are lowered")


@lowers("sklearn.LinearSVC", "sklearn.Perceptron", "sklearn.PassiveAggressiveClassifier")
def linear_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the sign of one score, or the greatest of several; there are no probabilities."""
    return _decided(model, finite(frame, lowerer))


@lowers("sklearn.RidgeClassifier", "sklearn.RidgeClassifierCV")
def ridge_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower ridge regression on targets of -1 and 1, on one label or on an indicator of several."""
    if not model._label_binarizer.y_type_.startswith("multilabel"):  # noqa: SLF001 - as predict asks
        return _decided(model, finite(frame, lowerer))
    scores = _scores(model, finite(frame, lowerer))
    return zero_one_targets(scores > 0.0, len(model.classes_), decision=scores)


@lowers("sklearn.LogisticRegression", "sklearn.LogisticRegressionCV")
def logistic_regression(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower logistic regression: two classes, multinomial, or (before scikit-learn 1.8) one against rest."""
    values = finite(frame, lowerer)
    if _one_against_rest(model):
        return _logistic(model, values)
    if not _binary(model):
        scores = _scores(model, values)
        return by_greatest(scores, model.classes_, probabilities=scores.apply("Softmax", axis=-1))
    result = by_logit(values, 2.0 * _weights(model), 2.0 * _intercept(model), model.classes_)
    return Classified(result.index, result.classes, result.probabilities, _scores(model, values).column(0))


@lowers("sklearn.SGDClassifier")
def stochastic_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower a classifier fitted by stochastic gradient descent, with the probabilities its loss allows."""
    values = finite(frame, lowerer)
    if model.loss == "log_loss":
        return _logistic(model, values)
    if model.loss != "modified_huber":
        return _decided(model, values)
    if _binary(model):
        score = _scores(model, values).column(0)
        return by_sign(score, model.classes_, probabilities=paired(_clipped(score)))
    scores = _scores(model, values)
    shares = normalised(_clipped(scores), len(model.classes_))
    return by_greatest(scores, model.classes_, probabilities=shares)


@lowers("sklearn.SGDOneClassSVM")
def stochastic_one_class(model: Any, frame: Frame, lowerer: Lowerer) -> Detected:
    """Lower the linear one-class machine: a row at or above zero is an inlier."""
    values = finite(frame, lowerer)
    weights, offset = _weights(model).ravel(), np.asarray(model.offset_).reshape(-1)
    score = affine(values, weights.reshape(-1, 1), -offset).column(0)
    return Detected(score >= 0.0, score)


def _decided(model: Any, values: Value) -> Classified:
    scores = _scores(model, values)
    if _binary(model):
        return by_sign(scores.column(0), model.classes_)
    return by_greatest(scores, model.classes_)


def _logistic(model: Any, values: Value) -> Classified:
    """Lower `_predict_proba_lr`: sigmoids, made to sum to one when there are more than two."""
    if _binary(model):
        return by_logit(values, _weights(model), _intercept(model), model.classes_)
    scores = _scores(model, values)
    shares = normalised(expit(scores), len(model.classes_))
    return by_greatest(scores, model.classes_, probabilities=shares)


def _one_against_rest(model: Any) -> bool:
    kind = getattr(model, "multi_class", None)
    if kind in {None, "auto", "deprecated"}:
        return _binary(model)
    return bool(kind == "ovr")


def _clipped(scores: Value) -> Value:
    graph = scores.graph
    low, high = (graph.constant(bound, scores.dtype) for bound in (-1.0, 1.0))
    return (graph.op("Clip", scores, low, high) + 1.0) / 2.0


def _scores(model: Any, values: Value) -> Value:
    return affine(values, np.atleast_2d(_weights(model).T).T, np.atleast_1d(_intercept(model)))


def _binary(model: Any) -> bool:
    return bool(model.coef_.ndim == 1 or model.coef_.shape[0] == 1)


def _predicted(model: Any, values: Value) -> Value:
    weights, bias = _weights(model), _intercept(model)
    answers = affine(values, weights.reshape(len(weights), -1), bias.reshape(-1))
    return answers.column(0) if weights.ndim == 1 else answers


def _intercept(model: Any) -> NDArray[Any]:
    """Give the intercept as an array; a plain number, as without one, takes the weights' dtype."""
    intercept = model.intercept_
    plain = not isinstance(intercept, np.generic | np.ndarray)
    return np.asarray(intercept, dtype=_weights(model).dtype if plain else None)


def _weights(model: Any) -> NDArray[Any]:
    """Give `coef_.T`, dense even after `sparsify()`."""
    weights = model.coef_
    dense = np.asarray(weights.toarray() if hasattr(weights, "toarray") else weights)
    return dense.T
