"""LightGBM: float64 thresholds, its three ideas of missing, category sets, and its objectives' outputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hythe.bundle.feed import FIRST, MISSING, UNSEEN
from hythe.compile.graph import Value
from hythe.compile.lowering.ensemble import Codes, Trees, stacked, sum_leaves
from hythe.compile.lowering.frame import CannotLower, Frame, Source
from hythe.compile.lowering.lightgbm_model import (
    MISSING_IS_ZERO,
    ZERO,
    Model,
    Tree,
    as_plain_comparisons,
    read_model,
)
from hythe.compile.lowering.links import least_true, pair_of_sigmoids
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Regressed

_WIDE_INTEGERS = {"int32", "int64", "uint32", "uint64"}
_OUTPUTS = {
    "": "identity",
    "regression": "identity",
    "regression_l1": "identity",
    "huber": "identity",
    "fair": "identity",
    "quantile": "identity",
    "mape": "identity",
    "lambdarank": "identity",
    "rank_xendcg": "identity",
    "poisson": "exponential",
    "gamma": "exponential",
    "tweedie": "exponential",
    "binary": "sigmoid",
    "multiclassova": "sigmoid",
    "cross_entropy": "sigmoid",
    "cross_entropy_lambda": "softplus",
    "multiclass": "softmax",
}


@lowers("lightgbm.Booster")
def booster(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a booster: what its `predict` gives, [rows] or [rows, classes]."""
    return _predicted(model, frame, lowerer)


@lowers("lightgbm.LGBMRegressor", "lightgbm.LGBMRanker")
def regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a regressor or a ranker."""
    return _predicted(model.booster_, frame, lowerer)


@lowers("lightgbm.LGBMClassifier")
def classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower a classifier: the label is the class of the first greatest probability."""
    described = read_model(model.booster_)
    name = described.objective
    if name not in {"binary", "multiclass", "multiclassova", "cross_entropy"}:
        raise CannotLower(f"LGBMClassifier with the objective {name or 'of the user'!r} has no probabilities")
    raw = _raw(model.booster_, described, frame, lowerer)
    if described.per_iteration > 1:
        shares = _answer(raw, described)
        deciding = raw if name == "multiclass" else shares
        return Classified(deciding.argmax(), model.classes_, shares)
    least = _least_of_second_class(described.slope)
    index = (raw.column(0) >= least).cast(np.int64)
    return Classified(index, model.classes_, pair_of_sigmoids(raw * described.slope))


def _predicted(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    described = read_model(model)
    answer = _answer(_raw(model, described, frame, lowerer), described)
    return Regressed(answer if described.per_iteration > 1 else answer.column(0))


def _raw(model: Any, described: Model, frame: Frame, lowerer: Lowerer) -> Value:
    """Add up the leaves, [rows, scores]."""
    if model.params.get("pred_early_stop"):
        raise CannotLower("pred_early_stop leaves trees out by their sums; train without it")
    inputs = _Inputs(described, model.pandas_categorical or [], frame, lowerer)
    trees = described.trees
    total = sum_leaves(
        inputs.values(),
        stacked([inputs.read(tree) for tree in trees]),
        np.concatenate([np.concatenate([np.zeros(tree.feature.size), tree.leaves]) for tree in trees]),
        targets=np.arange(len(trees)) % described.per_iteration,
        start=np.zeros(described.per_iteration),
    )
    return total / float(len(trees) // described.per_iteration) if described.averaged else total


class _Inputs:
    """The tensor that trees look at, and trees with their features turned into its columns.

    Columns of raw categories enter as codes, and so do numeric columns that LightGBM took for categories;
    both stand behind the numbers.
    """

    def __init__(self, model: Model, categories: list[Any], frame: Frame, lowerer: Lowerer) -> None:
        self._frame, self._lowerer = frame, lowerer
        parts = [frame.column(index) for index in range(frame.width)]
        self._sources = [part for part in parts if isinstance(part, Source)]
        self._raw = [index for index, part in enumerate(parts) if isinstance(part, Source)]
        self._categories = [np.asarray(items, dtype=object).tolist() for items in categories]
        if len(self._raw) != len(self._categories):
            known = len(self._categories)
            raise CannotLower(f"the model knows {known} category columns, and is given {len(self._raw)}")
        self._numeric = [index for index in range(frame.width) if index not in self._raw]
        self._largest = self._truncated_columns(model)
        self._zero_is_missing = self._columns_without_zero(model)
        order = [*self._numeric, *self._raw, *self._largest]
        self._column_of = np.zeros(frame.width, dtype=np.int64)
        self._column_of[order] = np.arange(len(order))

    def _truncated_columns(self, model: Model) -> dict[int, int]:
        """Find the numeric columns that are split by categories, and the largest category of each."""
        largest: dict[int, int] = {}
        for tree in model.trees:
            for split in np.flatnonzero(tree.categorical).tolist():
                column = int(tree.feature[split])
                if column in self._numeric:
                    largest[column] = max(largest.get(column, 0), int(tree.members(split).max(initial=0)))
        return largest

    def _columns_without_zero(self, model: Model) -> list[int]:
        """Find the numeric columns whose zeros count as missing."""
        feature, missing, categorical = (
            np.concatenate([getattr(tree, name) for tree in model.trees])
            for name in ("feature", "missing", "categorical")
        )
        found = np.unique(feature[~categorical & (missing == MISSING_IS_ZERO)])
        others = np.unique(feature[~categorical & (missing != MISSING_IS_ZERO)])
        if np.intersect1d(found, others).size:
            raise CannotLower("zero_as_missing holds in some of the trees only; train them all alike")
        return [index for index in found.tolist() if index in self._numeric]

    def values(self) -> Value:
        """Join numbers and codes into float64 [rows, columns]."""
        parts = [self._numbers()] if self._numeric else []
        if self._raw:
            codes, _ = self._lowerer.codes(self._sources, self._categories)
            parts.append(codes.cast(np.float64) + 1.0)
        if self._largest:
            parts.append(self._truncated())
        return self._lowerer.graph.concat(parts)

    def _numbers(self) -> Value:
        values = self._frame.select(self._numeric).numbers().cast(np.float64)
        if _rounds_integers(self._frame, self._lowerer):
            values = values.cast(np.float32).cast(np.float64)
        if not self._zero_is_missing:
            return values
        reach = np.full(len(self._numeric), -1.0)
        reach[[self._numeric.index(index) for index in self._zero_is_missing]] = ZERO
        return self._lowerer.graph.where(values.apply("Abs") <= reach, np.nan, values)

    def _truncated(self) -> Value:
        """Cut numbers to whole ones and count them from 2; 1 stands for what is no category."""
        values = self._frame.select(self._largest).numbers().cast(np.float64)
        known = (values > -1.0) & (values < np.array(list(self._largest.values())) + 1.0)
        return self._lowerer.graph.where(known, values.apply("Relu").apply("Floor"), -1.0) + 2.0

    def read(self, tree: Tree) -> Trees:
        """Write a tree in the emitter's terms: splits first, leaves behind them."""
        splits, leaves = tree.feature.size, np.full(tree.leaves.size, -1, dtype=np.int64)
        zeros = np.zeros(leaves.size)
        threshold, missing_left = as_plain_comparisons(tree)
        left, right = (
            np.concatenate([np.where(child < 0, splits - 1 - child, child), leaves])
            for child in (tree.left, tree.right)
        )
        coded = np.flatnonzero(tree.categorical | np.isin(tree.feature, self._raw))
        return Trees(
            roots=np.zeros(1, dtype=np.int64),
            left=left,
            right=right,
            feature=np.concatenate([self._column_of[tree.feature], zeros.astype(np.int64)]),
            threshold=np.concatenate([threshold, zeros]),
            missing_left=np.concatenate([missing_left, zeros.astype(np.bool_)]),
            members={split: self._sides(tree, split) for split in coded.tolist()},
        )

    def _sides(self, tree: Tree, split: int) -> tuple[Codes, Codes]:
        """List the codes on either side of a split that looks at codes."""
        column = int(tree.feature[split])
        if column in self._largest:
            count, first, strangers = self._largest[column] + 1, 2, [1]
        else:
            count = len(self._categories[self._raw.index(column)])
            first, strangers = FIRST + 1, [MISSING + 1, UNSEEN + 1]
        goes_left = tree.goes_left(split, np.array([np.nan, *range(count)]))
        codes = np.array([*strangers, *range(first, first + count)])
        left = np.concatenate([np.full(len(strangers), goes_left[0]), goes_left[1:]])
        return codes[left], codes[~left]


def _rounds_integers(frame: Frame, lowerer: Lowerer) -> bool:
    """Tell whether LightGBM was given an array of wide integers, which it reads as float32."""
    if lowerer.schema.container not in {"numpy", "sequence"}:
        return False
    columns = [lowerer.raw(frame.column(index)) for index in range(frame.width)]
    return all(column is not None and column.type in _WIDE_INTEGERS for column in columns)


def _answer(raw: Value, model: Model) -> Value:
    """Turn raw scores into what `predict` gives, as each objective's `ConvertOutput` does."""
    output = _OUTPUTS.get(model.objective)
    if output == "identity":
        return raw.apply("Sign") * raw * raw if "sqrt" in model.settings else raw
    if output == "exponential":
        return raw.apply("Exp")
    if output == "sigmoid":
        return ((raw * -model.slope).apply("Exp") + 1.0).apply("Reciprocal")
    if output == "softplus":
        return (raw.apply("Exp") + 1.0).apply("Log")
    if output == "softmax":
        return raw.apply("Softmax", axis=1)
    raise CannotLower(f"LightGBM's objective {model.objective!r} has no lowering")


def _least_of_second_class(slope: float) -> float:
    """Find the least raw score whose probability p is greater than 1 - p."""

    def is_second(score: np.float64) -> bool:
        positive = 1.0 / (1.0 + math.exp(-slope * score))
        return positive > 1.0 - positive

    return float(least_true(is_second, np.float64(0.0), np.float64(1.0 / slope)))
