"""Votes, averages and stacks of different estimators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.responses import decision, in_common, predicted, probabilities
from hythe.compile.lowering.results import Classified, MultiClassified, Regressed, Result


@lowers("sklearn.VotingClassifier")
def voting_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the mean of probabilities, or the votes for labels."""
    weights = model._weights_not_none  # noqa: SLF001 - without those of dropped estimators
    results = [lowerer.predict(inner, frame) for inner in model.estimators_]
    pairs = list(zip(model.estimators_, results, strict=True))
    if model.voting == "soft":
        shares = average([probabilities(inner, result) for inner, result in pairs], weights)
        return Classified(shares.argmax(), model.classes_, shares)
    codes = np.arange(len(model.classes_), dtype=np.float64)
    votes = [
        predicted(inner, result).reshape(-1, 1).equals(codes).cast(np.float64) for inner, result in pairs
    ]
    return Classified(_total(votes, weights).argmax(), model.classes_)


@lowers("sklearn.VotingRegressor")
def voting_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the mean of values."""
    values = [predicted(inner, lowerer.predict(inner, frame)) for inner in model.estimators_]
    return Regressed(average(values, model._weights_not_none))  # noqa: SLF001 - as above


@lowers("sklearn.StackingClassifier")
def stacking_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower the last estimator on what the first ones say."""
    result = lowerer.predict(model.final_estimator_, _stacked(model, frame, lowerer))
    encoders = model._label_encoder  # noqa: SLF001 - what fit made of the labels
    if isinstance(result, MultiClassified) and isinstance(encoders, list):
        return _of_labels(result, encoders)
    if not isinstance(result, Classified):
        raise CannotLower("StackingClassifier whose final estimator answers several targets has no lowering")
    classes = np.asarray(model.classes_)[np.asarray(result.classes, dtype=np.int64)]
    return Classified(result.index, classes, result.probabilities, result.decision)


@lowers("sklearn.StackingRegressor")
def stacking_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower the last estimator on what the first ones say."""
    return lowerer.predict(model.final_estimator_, _stacked(model, frame, lowerer))


def average(values: Sequence[Value], weights: Sequence[float] | None) -> Value:
    """Average estimators first to last, as `numpy.average` does over its first axis."""
    total = float(len(values)) if weights is None else float(np.sum(weights))
    return _total(values, weights) / total


def _total(values: Sequence[Value], weights: Sequence[float] | None) -> Value:
    terms = in_common(values)
    if weights is not None:
        terms = [term.cast(np.float64) * float(w) for term, w in zip(terms, weights, strict=True)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _of_labels(result: MultiClassified, encoders: Sequence[Any]) -> MultiClassified:
    """Answer an indicator; its probabilities are those of the first class, as the original gives them."""
    targets = []
    first = []
    for target, encoder in zip(result.targets, encoders, strict=True):
        targets.append(Classified(target.index, encoder.inverse_transform(target.classes)))
        if target.probabilities is not None:
            first.append(target.probabilities.columns([0]))
    shares = first[0].graph.concat(first) if len(first) == len(targets) else None
    return MultiClassified(tuple(targets), shares)


def _stacked(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Put the answers of the first estimators side by side, and the features after them if told to."""
    inner = [estimator for estimator in model.estimators_ if not isinstance(estimator, str)]
    columns: list[tuple[Value, int]] = []
    for estimator, method in zip(inner, model.stack_method_, strict=True):
        columns += _answers(model, estimator, lowerer.predict(estimator, frame), method)
    if model.passthrough:
        columns.append((frame.numbers().cast(np.float32 if frame.single else np.float64), frame.width))
    joined = frame.graph.concat(in_common([value for value, _ in columns]))
    single = joined.dtype == np.float32
    return Frame.of(joined, sum(width for _, width in columns), single=single)


def _answers(model: Any, estimator: Any, result: Result, method: str) -> list[tuple[Value, int]]:
    """Give the columns that one estimator adds, each with its width."""
    if method == "predict":
        values = predicted(estimator, result)
        return [(values.reshape(-1, 1), 1)]
    if isinstance(result, MultiClassified):
        return _of_targets(model, result)
    count = len(result.classes) if isinstance(result, Classified) else 0
    if method == "predict_proba":
        shares = probabilities(estimator, result)
        return [(shares.columns([1]), 1)] if len(model.classes_) == 2 else [(shares, count)]  # noqa: PLR2004 - two
    if method == "decision_function":
        scores = decision(estimator, result)
        return [(scores.reshape(-1, 1), 1)] if count == 2 else [(scores, count)]  # noqa: PLR2004 - two
    raise CannotLower(f"the stack method {method!r} has no lowering")


def _of_targets(model: Any, result: MultiClassified) -> list[tuple[Value, int]]:
    """Give the columns of one table of label scores, or of a table for each target."""
    if result.probabilities is None:
        return [_but_first(target) for target in result.targets]
    count = len(result.targets)
    if len(model.classes_) == 2:  # noqa: PLR2004 - scikit-learn takes two labels for two classes here
        return [(result.probabilities.columns([1]), 1)]
    return [(result.probabilities, count)]


def _but_first(target: Classified) -> tuple[Value, int]:
    if target.probabilities is None:
        raise CannotLower("an estimator in the stack gives no probabilities for one of its targets")
    rest = list(range(1, len(target.classes)))
    return target.probabilities.columns(rest), len(rest)
