"""From scores to answers: the few shapes in which scikit-learn's predictors decide."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import Frame
from hythe.compile.lowering.lowerer import Lowerer
from hythe.compile.lowering.results import Classified, MultiClassified


def finite(frame: Frame, lowerer: Lowerer) -> Value:
    """Give [rows, width] in the original's own precision, and refuse what `check_array` refuses."""
    values = frame.numbers()
    lowerer.refuse_not_finite(values)
    return values.cast(np.float32 if frame.single else np.float64)


def finite_doubles(frame: Frame, lowerer: Lowerer) -> Value:
    """Give float64 [rows, width], as estimators that compute in nothing else do; refuse as `finite` does."""
    return finite(frame, lowerer).cast(np.float64)


def promoted(values: Value, *arrays: NDArray[Any]) -> Value:
    """Cast to the dtype that numpy would give `values` together with `arrays`."""
    return values.cast(np.result_type(values.dtype, *(array.dtype for array in arrays)))


def affine(values: Value, weights: NDArray[Any], bias: Any) -> Value:
    """Compute `values @ weights + bias`, [rows, outputs], in numpy's precisions, in one node where it can.

    Float32 stays float32: the same roundings in the same order come nearer to the original than exact sums.
    """
    offsets = np.broadcast_to(bias, weights.shape[1:])
    wide = promoted(values, weights)
    columns = np.ascontiguousarray(weights, dtype=wide.dtype)
    if np.result_type(wide.dtype, offsets.dtype) != wide.dtype:
        return promoted(wide @ columns, offsets) + offsets
    return values.graph.op("Gemm", wide, columns, np.ascontiguousarray(offsets, dtype=wide.dtype))


def by_logit(values: Value, weights: NDArray[Any], bias: Any, classes: NDArray[Any]) -> Classified:
    """Choose between two classes by a linear log-odds d, from scores -d and d of one product.

    Their first greatest is the second class exactly when d > 0. Their sigmoids are the probabilities, but
    with other roundings than the original's 1 - p and p: where a vote is near a tie, that tells.
    """
    pair = affine(values, _mirrored(weights.reshape(-1, 1)), _mirrored(np.reshape(bias, (1,))))
    score = pair.column(1)
    return Classified(pair.argmax(), classes, paired(expit(score)), score, pair.apply("Sigmoid"))


def _mirrored(column: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([-column, column], axis=-1)


def by_sign(score: Value, classes: NDArray[Any], *, probabilities: Value | None = None) -> Classified:
    """Choose the second of two classes where `score` [rows] is above zero."""
    return Classified((score > 0.0).cast(np.int64), classes, probabilities, score)


def by_greatest(scores: Value, classes: NDArray[Any], *, probabilities: Value | None = None) -> Classified:
    """Choose the class of the first greatest of `scores` [rows, classes]."""
    return Classified(scores.argmax(), classes, probabilities, scores)


def expit(score: Value) -> Value:
    """Compute 1 / (1 + exp(-score)) as SciPy does, small ones with full relative accuracy."""
    return 1.0 / ((-score).apply("Exp") + 1.0)


def paired(positive: Value) -> Value:
    """Set 1 - p beside p: [rows] becomes [rows, 2]."""
    column = positive.reshape(-1, 1)
    return positive.graph.concat([1.0 - column, column])


def normalised(shares: Value, count: int) -> Value:
    """Divide [rows, count] by the row's sum; a row of zeros becomes even shares, as in OvR models."""
    total = shares.reduce("Sum", keepdims=True)
    return shares.graph.where(total.equals(0.0), 1.0 / count, shares / total)


def zero_one_targets(
    positive: Value, count: int, *, probabilities: Value | None = None, decision: Value | None = None
) -> MultiClassified:
    """Answer a label indicator [rows, count] of zeros and ones, with scores of the same shape."""
    index = positive.cast(np.int64)
    classes = np.array([0, 1])
    targets = tuple(Classified(index.column(position), classes) for position in range(count))
    return MultiClassified(targets, probabilities, decision)
