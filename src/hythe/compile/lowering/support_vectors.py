"""Support vector machines of libsvm: kernels, one-against-one votes, and coupled probabilities."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.coupling import coupled_probabilities
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.kernels import pairwise_kernel
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Detected, Regressed
from hythe.compile.lowering.scores import affine, finite_doubles


@lowers("sklearn.SVR", "sklearn.NuSVR")
def support_vector_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a weighted sum of kernels."""
    return Regressed(_sum(model, frame, lowerer))


@lowers("sklearn.OneClassSVM")
def one_class(model: Any, frame: Frame, lowerer: Lowerer) -> Detected:
    """Lower the one-class machine; a row is an inlier strictly above zero."""
    score = _sum(model, frame, lowerer)
    return Detected(score > 0.0, score)


@lowers("sklearn.SVC", "sklearn.NuSVC")
def support_vector_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower votes of all pairs of classes, with libsvm's own tie rule or scikit-learn's."""
    if model.break_ties and model.decision_function_shape == "ovo":
        raise CannotLower("break_ties=True with decision_function_shape='ovo' answers nothing")
    kernels = _kernel(model, frame, lowerer)
    pairs = affine(kernels, _pair_weights(model), model._intercept_)
    count = len(model.classes_)
    first = pairs > 0.0
    votes = _votes(first, count)
    decision = (
        one_against_rest(pairs < 0.0, -pairs, count) if model.decision_function_shape == "ovr" else pairs
    )
    ranked = decision if model.break_ties and count > 2 else votes  # noqa: PLR2004 - two classes cannot tie
    if count == 2:  # noqa: PLR2004 - libsvm's first class is scikit-learn's negative one
        decision = -pairs.column(0)
    return Classified(ranked.argmax(), model.classes_, _probabilities(model, pairs), decision)


def one_against_rest(second: Value, confidences: Value, count: int) -> Value:
    """Lower `_ovr_decision_function`: votes, and in the third decimal place how sure they are.

    `second` (bool [rows, pairs]) tells which of a pair won, `confidences` how far, for the second.
    """
    signs = _signs(count)
    sums = -(confidences @ signs)
    return _votes(~second, count) + sums / ((sums.apply("Abs") + 1.0) * 3.0)


def _votes(first: Value, count: int) -> Value:
    """Count [rows, count] votes from who won each pair."""
    signs = _signs(count)
    return affine(first.cast(np.float64), signs, np.maximum(-signs, 0.0).sum(axis=0))


def _signs(count: int) -> NDArray[np.float64]:
    """Give [pairs, count]: 1 for the first class of a pair, -1 for the second."""
    signs = np.zeros((count * (count - 1) // 2, count))
    for row, (i, j) in enumerate(combinations(range(count), 2)):
        signs[row, i], signs[row, j] = 1.0, -1.0
    return signs


def _probabilities(model: Any, pairs: Value) -> Value | None:
    slopes, offsets = np.asarray(model._probA), np.asarray(model._probB)  # noqa: SLF001 - probA_ warns
    if not slopes.size or not offsets.size:
        return None
    return coupled_probabilities(pairs * -slopes - offsets, len(model.classes_))


def _sum(model: Any, frame: Frame, lowerer: Lowerer) -> Value:
    kernels = _kernel(model, frame, lowerer)
    return kernels @ _dense(model._dual_coef_).ravel() + float(model._intercept_[0])


def _kernel(model: Any, frame: Frame, lowerer: Lowerer) -> Value:
    """Give [rows, support vectors]; callables run Python, which a graph cannot."""
    if callable(model.kernel):
        raise CannotLower(f"the kernel of {type(model).__name__} is a Python function")
    values = finite_doubles(frame, lowerer)
    if model.kernel == "precomputed":
        return values.columns([int(i) for i in model.support_])
    points = _dense(model.support_vectors_)
    return pairwise_kernel(
        model.kernel,
        values,
        points,
        lowerer,
        gamma=model._gamma,  # noqa: SLF001 - the number behind 'scale' and 'auto'
        coef0=model.coef0,
        degree=model.degree,
    )


def _pair_weights(model: Any) -> NDArray[np.float64]:
    """Spread libsvm's [classes - 1, vectors] coefficients over [vectors, pairs]."""
    dual = _dense(model._dual_coef_)
    counts = model._n_support  # noqa: SLF001 - as libsvm is given
    ends = np.concatenate([[0], np.cumsum(counts)])
    pairs = list(combinations(range(len(counts)), 2))
    weights = np.zeros((dual.shape[1], len(pairs)))
    for column, (i, j) in enumerate(pairs):
        of_first, of_second = slice(ends[i], ends[i + 1]), slice(ends[j], ends[j + 1])
        weights[of_first, column] = dual[j - 1, of_first]
        weights[of_second, column] = dual[i, of_second]
    return weights


def _dense(matrix: Any) -> NDArray[np.float64]:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float64)
