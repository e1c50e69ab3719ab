"""CatBoost: float32 borders, symmetric and other trees, categories compared one by one by their hashes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hythe.bundle.feed import FIRST, MISSING, UNSEEN
from hythe.compile.graph import Value
from hythe.compile.lowering.catboost_model import Model, Tree, hashes, read_model
from hythe.compile.lowering.codes import NO_CODE, codes_of_numbers
from hythe.compile.lowering.ensemble import Codes, Trees, stacked, sum_rows
from hythe.compile.lowering.frame import CannotLower, Frame, Source
from hythe.compile.lowering.links import pair_of_sigmoids
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Regressed

_INTEGERS = range(-1_000, 100_000)
"""The integers among which the categories of a numeric column are looked for."""


@lowers("catboost.CatBoost", "catboost.CatBoostRanker")
def bare(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a model that answers its raw scores."""
    return Regressed(_value(model, read_model(model), frame, lowerer))


@lowers("catboost.CatBoostRegressor")
def regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a regressor, whose answer is the exponential of its score for some losses."""
    described = read_model(model)
    kind = model._get_default_prediction_type()  # noqa: SLF001 - what its own predict asks for
    raw = _value(model, described, frame, lowerer)
    if kind == "RawFormulaVal":
        return Regressed(raw)
    if kind == "Exponent":
        return Regressed(raw.apply("Exp"))
    raise CannotLower(f"CatBoost's loss {described.loss!r}, which answers {kind}, has no lowering")


@lowers("catboost.CatBoostClassifier")
def classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower a classifier: two classes by a border on the score, more by the greatest score."""
    described = read_model(model)
    raw = _raw(model, described, frame, lowerer)
    if described.loss in {"Logloss", "CrossEntropy"}:
        border = model.get_probability_threshold()
        least = 0.0 if border is None else math.log(border / (1.0 - border))
        index = (raw.column(0) > least).cast(np.int64)
        return Classified(index, model.classes_, pair_of_sigmoids(raw))
    if described.loss == "MultiClass":
        return Classified(raw.argmax(), model.classes_, raw.apply("Softmax", axis=1))
    if described.loss == "MultiClassOneVsAll":
        return Classified(raw.argmax(), model.classes_, raw.apply("Sigmoid"))
    raise CannotLower(f"CatBoost's loss {described.loss!r} has no lowering for a classifier")


def _value(model: Any, described: Model, frame: Frame, lowerer: Lowerer) -> Value:
    """Give the raw scores as `predict` shapes them: [rows], or [rows, scores] for several."""
    raw = _raw(model, described, frame, lowerer)
    return raw if described.bias.size > 1 else raw.column(0)


def _raw(model: Any, described: Model, frame: Frame, lowerer: Lowerer) -> Value:
    """Add up the leaves, [rows, scores]."""
    inputs = _Inputs(model, described, frame, lowerer)
    table = np.concatenate([tree.values for tree in described.trees]) * described.scale
    summed = sum_rows(inputs.values(), stacked([inputs.read(tree) for tree in described.trees]), table)
    return summed + described.bias if described.bias.any() else summed


class _Inputs:
    """The tensor that trees look at, and trees with their features turned into its columns.

    Categories enter as codes behind the numbers: declared ones by their place, integers by their place among
    those that some split asks for.
    """

    def __init__(self, model: Any, described: Model, frame: Frame, lowerer: Lowerer) -> None:
        self._frame, self._lowerer = frame, lowerer
        parts = {column: frame.column(column) for column in described.categorical}
        self._sources = {column: part for column, part in parts.items() if isinstance(part, Source)}
        self._whole = [column for column in parts if column not in self._sources]
        self._numeric = [column for column in range(frame.width) if column not in parts]
        self._hash_of = self._hashes(model)
        asked = described.values_asked_for
        self._integers = {column: self._asked_integers(column, asked[column]) for column in self._whole}
        order = [*self._numeric, *self._sources, *self._whole]
        self._column_of = np.zeros(frame.width, dtype=np.int64)
        self._column_of[order] = np.arange(len(order))

    def _hashes(self, model: Any) -> dict[str, int]:
        """Ask for the hashes of all the categories that may come."""
        candidates: dict[int, list[Any]] = {}
        for column, source in self._sources.items():
            name, declared = source.column.name, list(source.column.categories or ())
            if source.column.type != "category" or source.renamed:
                raise CannotLower(
                    f"CatBoost keeps only hashes of the categories of {name!r}, and a column of strings does "
                    "not tell what they are; make it a pandas category column"
                )
            if any(not isinstance(value, str | int) or isinstance(value, bool) for value in declared):
                raise CannotLower(f"the categories of {name!r} are neither strings nor integers")
            candidates[column] = declared
        for column in self._whole:
            part = self._frame.column(column)
            read = self._lowerer.raw(part)
            if read is None or not read.type.startswith(("int", "uint", "bool")):
                raise CannotLower(f"CatBoost's category column {column} is made by a step before it")
            candidates[column] = list(range(2) if read.type == "bool" else _INTEGERS)
        return hashes(model, candidates, self._frame.width) if candidates else {}

    def _asked_integers(self, column: int, asked: list[int]) -> dict[int, int]:
        """Find the integers whose hashes splits of a column ask for."""
        found = {
            self._hash_of[str(value)]: value for value in reversed(_INTEGERS) if str(value) in self._hash_of
        }
        lost = [value for value in asked if value not in found]
        if lost:
            reach = f"{_INTEGERS.start} to {_INTEGERS.stop - 1}"
            raise CannotLower(f"CatBoost's category column {column} has categories beyond {reach}")
        return {value: found[value] for value in asked}

    def values(self) -> Value:
        """Join numbers and codes into float64 [rows, columns]."""
        parts: list[Value] = []
        if self._numeric:
            numbers = self._frame.select(self._numeric).numbers()
            parts.append(numbers.cast(np.float32).cast(np.float64))
        if self._sources:
            declared = [source.column.categories or () for source in self._sources.values()]
            codes, _ = self._lowerer.codes(list(self._sources.values()), declared)
            self._lowerer.refuse(codes.equals(MISSING))
            parts.append(codes.cast(np.float64) + 1.0)
        if self._whole:
            whole = self._frame.select(self._whole).numbers().cast(np.float64)
            self._lowerer.refuse_not_finite(whole)
            known = [list(items.values()) for items in self._integers.values()]
            parts.append(codes_of_numbers(whole, known, NO_CODE + 1))
        return self._lowerer.graph.concat(parts)

    def read(self, tree: Tree) -> Trees:
        """Write a tree in the emitter's terms: no goes left, yes goes right."""
        splits = tree.splits
        return Trees(
            roots=np.zeros(1, dtype=np.int64),
            left=tree.no,
            right=tree.yes,
            feature=np.array([0 if split is None else self._column_of[split.column] for split in splits]),
            threshold=np.array([0.0 if split is None else split.border for split in splits]),
            missing_left=np.array([split is not None and not split.nan_passes for split in splits]),
            members={
                node: self._sides(split.column, split.value)
                for node, split in enumerate(splits)
                if split is not None and split.value is not None
            },
        )

    def _sides(self, column: int, value: int) -> tuple[Codes, Codes]:
        """List the codes of the categories with another hash, and those with this one."""
        if column in self._integers:
            stored, first, strangers = list(self._integers[column]), NO_CODE + 1, [NO_CODE]
        else:
            declared = self._sources[column].column.categories or ()
            stored = [self._hash_of[str(item)] for item in declared]
            first, strangers = FIRST + 1, [MISSING + 1, UNSEEN + 1]
        codes = np.array([*strangers, *range(first, first + len(stored))])
        chosen = np.array([False] * len(strangers) + [item == value for item in stored])
        return codes[~chosen], codes[chosen]
