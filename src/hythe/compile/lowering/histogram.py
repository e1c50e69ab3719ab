"""scikit-learn's HistGradientBoosting: float64 thresholds, missing values, categories by their codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.feed import FIRST, MISSING, UNSEEN
from hythe.compile.graph import Value
from hythe.compile.lowering.codes import codes_of_numbers
from hythe.compile.lowering.ensemble import Trees, stacked, sum_leaves
from hythe.compile.lowering.frame import CannotLower, Frame, Source
from hythe.compile.lowering.links import expectation, probabilities
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Regressed

_CODE_OF_FIRST = FIRST + 1
"""The code of a column's first category among the numbers; the emitter wants codes from 1."""
_MISSING = np.array([MISSING, UNSEEN]) + 1
"""scikit-learn treats a category that training did not see as a missing one; so does `NO_CODE`, the first."""


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What the trees look at; `column_of` finds a feature of scikit-learn's, which puts categories first."""

    values: Value
    column_of: NDArray[np.int64]
    categories: list[list[Any]]


@lowers("sklearn.HistGradientBoostingRegressor")
def histogram_regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the regressor: the inverse link of the sum of the leaves."""
    raw = _raw(model, frame, lowerer)
    return Regressed(expectation(raw.column(0), model._loss.link))  # noqa: SLF001 - it knows its own link


@lowers("sklearn.HistGradientBoostingClassifier")
def histogram_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the classifier: two classes have one score, whose sign decides."""
    raw = _raw(model, frame, lowerer)
    shares = probabilities(raw, model._loss.link)  # noqa: SLF001 - it knows its own link
    if model.n_trees_per_iteration_ > 1:
        return Classified(raw.argmax(), model.classes_, shares, raw)
    score = raw.column(0)
    return Classified((score > 0.0).cast(np.int64), model.classes_, shares, score)


def _raw(model: Any, frame: Frame, lowerer: Lowerer) -> Value:
    """Add up the leaves, [rows, trees per iteration]."""
    predictors = [tree for iteration in model._predictors for tree in iteration]  # noqa: SLF001
    if not predictors:
        raise CannotLower("HistGradientBoosting has no trees, because its training stopped before the first")
    inputs = _inputs(model, frame, lowerer)
    trees = stacked([_read(predictor, inputs) for predictor in predictors])
    return sum_leaves(
        inputs.values,
        trees,
        np.concatenate([predictor.nodes["value"] for predictor in predictors]),
        targets=np.arange(len(predictors)) % model.n_trees_per_iteration_,
        start=np.asarray(model._baseline_prediction, dtype=np.float64).ravel(),  # noqa: SLF001
    )


def _read(predictor: Any, inputs: _Inputs) -> Trees:
    """Read one tree."""
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(np.bool_)
    categorical = ~leaf & nodes["is_categorical"].astype(np.bool_)
    missing_left = nodes["missing_go_to_left"].astype(np.bool_)
    return Trees(
        roots=np.zeros(1, dtype=np.int64),
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        feature=inputs.column_of[np.where(leaf, 0, nodes["feature_idx"])],
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=missing_left & ~categorical,
        members={
            int(node): _sides(
                predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]],
                len(inputs.categories[nodes["feature_idx"][node]]),
                missing_left=bool(missing_left[node]),
            )
            for node in np.flatnonzero(categorical)
        },
    )


def _sides(
    bitset: NDArray[np.uint32], count: int, *, missing_left: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the codes that go left and those that go right."""
    numbers = np.arange(count)
    goes_left = (bitset[numbers // 32] >> (numbers % 32).astype(np.uint32)) & 1 == 1
    left, right = numbers[goes_left] + _CODE_OF_FIRST, numbers[~goes_left] + _CODE_OF_FIRST
    if missing_left:
        return np.concatenate([_MISSING, left]), right
    return left, np.concatenate([_MISSING, right])


def _inputs(model: Any, frame: Frame, lowerer: Lowerer) -> _Inputs:
    """Put the numbers first, then the codes of raw columns, then the codes of numeric ones."""
    preprocessor = getattr(model, "_preprocessor", None)
    if preprocessor is None:
        return _Inputs(frame.numbers().cast(np.float64), np.arange(frame.width), [])
    others = np.flatnonzero(~np.asarray(model.is_categorical_))
    columns = [frame.column(int(index)) for index in np.flatnonzero(model.is_categorical_)]
    categories = [_present(items) for items in preprocessor.named_transformers_["encoder"].categories_]
    raw = [place for place, part in enumerate(columns) if isinstance(part, Source)]
    numeric = [place for place in range(len(columns)) if place not in raw]
    values = [frame.select(others).numbers().cast(np.float64)] if others.size else []
    if raw:
        sources = [part for part in columns if isinstance(part, Source)]
        codes, _ = lowerer.codes(sources, [categories[place] for place in raw])
        values.append(codes.cast(np.float64) + 1.0)
    if numeric:
        chosen = np.flatnonzero(model.is_categorical_)[numeric]
        numbers = frame.select(chosen).numbers()
        lowerer.refuse_not_finite(numbers.cast(np.float64), allow_nan=True)
        values.append(codes_of_numbers(numbers, [categories[place] for place in numeric], _CODE_OF_FIRST))
    column_of = np.empty(frame.width, dtype=np.int64)
    column_of[[*raw, *numeric]] = others.size + np.arange(len(columns))
    column_of[len(columns) :] = np.arange(others.size)
    return _Inputs(lowerer.graph.concat(values), column_of, categories)


def _present(categories: NDArray[Any]) -> list[Any]:
    """Leave out the missing value, which has the last place where training met it."""
    present = [item for item in categories.tolist() if item == item]  # noqa: PLR0124 - NaN differs from itself
    if None in present:
        raise CannotLower("HistGradientBoosting has learnt None as a category; give missing values as NaN")
    return present
