"""Several classes from binary estimators: one against the rest, one against one, output codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.dummy import same_for_all
from hythe.compile.lowering.frame import Frame
from hythe.compile.lowering.kernels import brute_squared_distances
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.responses import (
    classified,
    in_columns,
    positive_score,
    positive_threshold,
    predicted,
    probabilities,
)
from hythe.compile.lowering.results import Classified, Result
from hythe.compile.lowering.scores import paired, zero_one_targets
from hythe.compile.lowering.support_vectors import one_against_rest


@lowers("sklearn.OneVsRestClassifier")
def one_vs_rest(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower one binary estimator for each class or label, or one alone for two classes."""
    results = [lowerer.predict(inner, frame) for inner in model.estimators_]
    pairs = list(zip(model.estimators_, results, strict=True))
    scores = [positive_score(inner, result) for inner, result in pairs]
    shares = (
        [probabilities(inner, result).column(1) for inner, result in pairs] if _has_shares(model) else None
    )
    decides = hasattr(model, "decision_function")
    threshold = positive_threshold(model.estimators_[0])
    if model.multilabel_:
        table = in_columns(scores)
        likely = None if shares is None else in_columns(shares)
        decision = table if decides else None
        return zero_one_targets(table > threshold, len(scores), probabilities=likely, decision=decision)
    likely = None if shares is None else _shared(shares)
    if len(scores) == 1:
        index = (scores[0] > threshold).cast(np.int64)
        return Classified(index, model.classes_, likely, scores[0] if decides else None)
    table = in_columns(scores)
    return Classified(table.argmax(), model.classes_, likely, table if decides else None)


@lowers("sklearn.OneVsOneClassifier")
def one_vs_one(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the votes of an estimator for each pair of classes, ties broken by their confidence."""
    frames = [
        frame if chosen is None else frame.select([int(i) for i in chosen]) for chosen in _features(model)
    ]
    results = [lowerer.predict(inner, part) for inner, part in zip(model.estimators_, frames, strict=True)]
    pairs = list(zip(model.estimators_, results, strict=True))
    second = in_columns([predicted(inner, classified(inner, result)) for inner, result in pairs])
    confidences = in_columns([positive_score(inner, result) for inner, result in pairs]).cast(np.float64)
    votes = one_against_rest(second > 0.0, confidences, len(model.classes_))
    if model.n_classes_ != 2:  # noqa: PLR2004 - two classes share one score
        return Classified(votes.argmax(), model.classes_, decision=votes)
    score = votes.column(1)
    index = (score > positive_threshold(model.estimators_[0])).cast(np.int64)
    return Classified(index, model.classes_, decision=score)


@lowers("sklearn.OutputCodeClassifier")
def output_code(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the class whose code is nearest to the scores."""
    results = [lowerer.predict(inner, frame) for inner in model.estimators_]
    scores = in_columns(
        [positive_score(e, result) for e, result in zip(model.estimators_, results, strict=True)]
    )
    scores = scores.cast(np.float64)
    lowerer.refuse_not_finite(scores)
    codes = np.asarray(model.code_book_, dtype=np.float64)
    return Classified(brute_squared_distances(scores, codes).argmin(), model.classes_)


@lowers("sklearn._ConstantPredictor")
def constant(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower what stands in for an estimator when all its labels were the same."""
    label = np.asarray(model.y_).reshape(-1)[:1]
    index = same_for_all(np.zeros(1, dtype=np.int64), frame, lowerer).column(0)
    positive = same_for_all(label.astype(np.float64), frame, lowerer).column(0)
    return Classified(index, label, paired(positive), positive)


def _has_shares(model: Any) -> bool:
    return hasattr(model, "predict_proba")


def _features(model: Any) -> list[Any]:
    if model.pairwise_indices_ is None:
        return [None] * len(model.estimators_)
    return list(model.pairwise_indices_)


def _shared(shares: list[Value]) -> Value:
    """Divide by the sum; a row of zeros stays one."""
    table = paired(shares[0]) if len(shares) == 1 else in_columns(shares)
    total = table.reduce("Sum", keepdims=True)
    return table.graph.where(total.equals(0.0), table, table / total)
