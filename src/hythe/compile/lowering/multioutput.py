"""Several targets: an estimator for each, or a chain in which each sees those before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.responses import classified, in_columns, predicted, response
from hythe.compile.lowering.results import Classified, MultiClassified, Regressed
from hythe.compile.lowering.scores import finite_doubles


@lowers("sklearn.MultiOutputClassifier")
def classifier(model: Any, frame: Frame, lowerer: Lowerer) -> MultiClassified:
    """Lower a classifier for each target."""
    return MultiClassified(tuple(classified(e, lowerer.predict(e, frame)) for e in model.estimators_))


@lowers("sklearn.MultiOutputRegressor")
def regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a regressor for each target."""
    return Regressed(in_columns([predicted(e, lowerer.predict(e, frame)) for e in model.estimators_]))


@lowers("sklearn.RegressorChain")
def regressor_chain(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower regressors of which each sees the values before its own."""
    links = _chain(model, frame, lowerer)
    values = [predicted(estimator, result).cast(np.float64) for estimator, result in links]
    return Regressed(in_columns(values).columns(_order(model)))


@lowers("sklearn.ClassifierChain")
def classifier_chain(model: Any, frame: Frame, lowerer: Lowerer) -> MultiClassified:
    """Lower classifiers of which each sees the answers before its own; labels come out as floats."""
    links = [
        (estimator, classified(estimator, result)) for estimator, result in _chain(model, frame, lowerer)
    ]
    targets = [Classified(result.index, np.asarray(result.classes, dtype=np.float64)) for _, result in links]
    order = _order(model)
    tables: dict[str, Value | None] = {}
    for method in ("predict_proba", "decision_function"):
        tables[method] = None
        if hasattr(model, method):
            scores = [response(*link, method).cast(np.float64) for link in links]
            tables[method] = in_columns(scores).columns(order)
    return MultiClassified(
        tuple(targets[i] for i in order), tables["predict_proba"], tables["decision_function"]
    )


def _chain(model: Any, frame: Frame, lowerer: Lowerer) -> list[tuple[Any, Any]]:
    """Lower each estimator on the features and the answers so far."""
    features = finite_doubles(frame, lowerer)
    method = getattr(model, "chain_method_", "predict")
    links: list[tuple[Any, Any]] = []
    seen = [features]
    for i, estimator in enumerate(model.estimators_):
        result = lowerer.predict(estimator, Frame.of(frame.graph.concat(seen), frame.width + i))
        links.append((estimator, result))
        seen.append(response(estimator, result, method).cast(np.float64).reshape(-1, 1))
    return links


def _order(model: Any) -> list[int]:
    """Give for each target its place in the chain."""
    return [int(i) for i in np.argsort(np.asarray(model.order_))]
