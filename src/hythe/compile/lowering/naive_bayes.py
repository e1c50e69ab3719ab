"""Naive Bayes: a joint log likelihood for each class, and its normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified
from hythe.compile.lowering.scores import affine, finite, promoted


@lowers("sklearn.GaussianNB")
def gaussian(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower independent normal densities."""
    values = promoted(finite(frame, lowerer), model.theta_).reshape(-1, 1, frame.width)
    difference = values - model.theta_
    distance = (difference * difference / model.var_).reduce("Sum", axis=2)
    constant = -0.5 * np.log(2.0 * np.pi * model.var_).sum(axis=1)
    return _posterior(constant - distance * 0.5 + np.log(model.class_prior_), model.classes_)


@lowers("sklearn.MultinomialNB")
def multinomial(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower weighted counts; negative ones are not refused here, since the original takes them too."""
    joint = affine(finite(frame, lowerer), model.feature_log_prob_.T, model.class_log_prior_)
    return _posterior(joint, model.classes_)


@lowers("sklearn.ComplementNB")
def complement(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the complement's weights; the prior counts only when there is a single class."""
    prior = model.class_log_prior_ if len(model.classes_) == 1 else np.zeros(len(model.classes_))
    return _posterior(affine(finite(frame, lowerer), model.feature_log_prob_.T, prior), model.classes_)


@lowers("sklearn.BernoulliNB")
def bernoulli(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower presence and absence, after the threshold that makes them."""
    values = finite(frame, lowerer)
    if model.binarize is not None:
        values = (values > float(model.binarize)).cast(np.float64)
    present = model.feature_log_prob_
    with np.errstate(divide="ignore"):
        absent = np.log(1.0 - np.exp(present))
    weights, bias = (present - absent).T, model.class_log_prior_ + absent.sum(axis=1)
    return _posterior(affine(values, weights, bias), model.classes_)


@lowers("sklearn.CategoricalNB")
def categorical(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower tables by category number; numbers are cut to integers, and those not in the table refused."""
    values = finite(frame, lowerer)
    graph = values.graph
    sizes = np.array([table.shape[1] for table in model.feature_log_prob_])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    lowerer.refuse((values <= -1.0) | (values >= sizes.astype(np.float64)))
    least = graph.op("Max", values.cast(np.int64), np.asarray(0))
    known = graph.op("Min", least, graph.constant(sizes - 1, np.int64))
    table = np.concatenate([table.T for table in model.feature_log_prob_])
    terms = graph.op("Gather", graph.constant(table, np.float64), known + starts, axis=0)
    return _posterior(terms.reduce("Sum", axis=1) + model.class_log_prior_, model.classes_)


def _posterior(joint: Value, classes: NDArray[Any]) -> Classified:
    """Divide by P(x) in logarithms, as the original does."""
    return Classified(
        joint.argmax(), classes, (joint - joint.reduce("LogSumExp", keepdims=True)).apply("Exp")
    )
