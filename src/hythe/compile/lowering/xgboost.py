"""XGBoost: everything in float32, `x < split`, missing values by default directions, categories as codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.feed import FIRST, MISSING, UNSEEN
from hythe.compile.graph import Value
from hythe.compile.lowering.ensemble import Codes, Trees, stacked, sum_leaves
from hythe.compile.lowering.frame import CannotLower, Frame, Source
from hythe.compile.lowering.links import least_true
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, MultiClassified, Regressed
from hythe.compile.lowering.xgboost_model import Model, Tree, read_model

_CODE_OF_MISSING, _CODE_OF_STRANGER, _CODE_OF_FIRST = MISSING + 1, UNSEEN + 1, FIRST + 1
_IDENTITIES = {
    "binary:logitraw",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
    "reg:squarederror",
    "reg:squaredlogerror",
    "rank:map",
    "rank:ndcg",
    "rank:pairwise",
}
_LOGITS = {"binary:logistic", "reg:logistic"}
_HALF = 0.5
_EXPONENTIALS = {"count:poisson", "reg:gamma", "reg:tweedie", "survival:aft", "survival:cox"}


@lowers("xgboost.Booster")
def booster(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a booster: what `predict` gives for a DMatrix, which refuses infinite cells."""
    described = read_model(model, None)
    raw = _Inputs(described, frame, lowerer, missing=np.nan, checked=True).raw(inplace=False)
    return Regressed(_answer(raw, described))


@lowers("xgboost.XGBRegressor", "xgboost.XGBRFRegressor", "xgboost.XGBRanker", "xgboost.XGBModel")
def regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a regressor or a ranker."""
    raw, described = _estimator(model, frame, lowerer)
    return Regressed(_answer(raw, described))


@lowers("xgboost.XGBClassifier", "xgboost.XGBRFClassifier")
def classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified | MultiClassified:
    """Lower a classifier: two classes part at a probability of 0.5, more by the greatest."""
    raw, described = _estimator(model, frame, lowerer)
    if described.objective == "multi:softmax":
        return Classified(raw.argmax(), model.classes_, raw.apply("Softmax", axis=1))
    answer = _answer(raw, described)
    index = _is_second(raw, answer, described).cast(np.int64)
    if described.several:
        columns = range(described.start.size)
        targets = tuple(Classified(index.column(at), np.array([0, 1])) for at in columns)
        return MultiClassified(targets, answer)
    if described.start.size > 1:
        return Classified(answer.argmax(), model.classes_, answer)
    column = answer.reshape(-1, 1)
    shares = lowerer.graph.concat([1.0 - column, column])
    return Classified(index.column(0), model.classes_, shares)


def _is_second(raw: Value, answer: Value, described: Model) -> Value:
    """Mark the scores [rows, scores] whose answer in float32 is greater than a half."""
    if described.objective not in _LOGITS:
        return answer.reshape(-1, described.start.size) > _HALF

    def is_second(score: np.float32) -> bool:
        return bool(1.0 / (np.exp(-score) + np.float32(1.0)) > _HALF)

    return raw >= float(least_true(is_second, np.float32(0.0), np.float32(1.0)))


def _estimator(model: Any, frame: Frame, lowerer: Lowerer) -> tuple[Value, Model]:
    """Add up the leaves of an estimator of the scikit-learn interface, [rows, scores]."""
    best = model.get_booster().attr("best_iteration")
    described = read_model(model.get_booster(), None if best is None else int(best) + 1)
    missing = float(model.missing)
    checked = described.linear is not None and not np.isinf(missing)
    inputs = _Inputs(described, frame, lowerer, missing=missing, checked=checked)
    return inputs.raw(inplace=True), described


class _Inputs:
    """The tensor that trees look at, float32, and trees with their features turned into its columns.

    Columns of raw categories enter as codes, and so do numeric columns declared as categories; both stand
    behind the numbers.
    """

    def __init__(
        self, model: Model, frame: Frame, lowerer: Lowerer, *, missing: float, checked: bool
    ) -> None:
        self._model, self._frame, self._lowerer = model, frame, lowerer
        self._missing, self._checked = missing, checked
        parts = [frame.column(index) for index in range(frame.width)]
        self._sources = {index: part for index, part in enumerate(parts) if isinstance(part, Source)}
        self._numeric = [index for index in range(frame.width) if index not in self._sources]
        self._declared = {index: self._categories_of(index) for index in self._sources}
        self._largest = self._numeric_categories()
        order = [*self._numeric, *self._sources, *self._largest]
        self._column_of = np.zeros(frame.width, dtype=np.int64)
        self._column_of[order] = np.arange(len(order))

    def raw(self, *, inplace: bool) -> Value:
        """Add up the raw scores, [rows, scores]."""
        model = self._model
        if model.linear is not None:
            return self._linear(model.linear)
        return sum_leaves(
            self._values(),
            stacked([self._read(tree) for tree in model.trees]),
            self._weights(inplace=inplace),
            targets=model.targets,
            start=model.start,
        )

    def _weights(self, *, inplace: bool) -> NDArray[np.float32]:
        """Give the leaf values; with dropout scaled, and rounded as predicting in place rounds them."""
        model = self._model
        leaves = [tree.condition for tree in model.trees]
        if model.shares is None:
            return np.concatenate(leaves)
        if inplace:
            base = model.start[0]
            leaves = [(base + values) - base for values in leaves]
        return np.concatenate([values * share for values, share in zip(leaves, model.shares, strict=True)])

    def _linear(self, weights: NDArray[np.float32]) -> Value:
        """Compute a linear booster's scores in float64; missing cells count nothing."""
        values = self._numbers().cast(np.float64)
        known = self._lowerer.graph.where(values.is_nan(), 0.0, values)
        doubles = weights.astype(np.float64)
        scores: Value = known @ doubles[:-1] + (doubles[-1] + self._model.start)
        return scores.cast(np.float32)

    def _numeric_categories(self) -> dict[int, int]:
        """Find the numeric columns that are split by categories, and the largest category of each."""
        largest: dict[int, int] = {}
        for tree in self._model.trees:
            for node, members in tree.members.items():
                column = int(tree.feature[node])
                if column not in self._sources:
                    largest[column] = max(largest.get(column, 0), int(members.max(initial=0)))
            inner = np.setdiff1d(np.flatnonzero(tree.left >= 0), list(tree.members))
            if np.isin(tree.feature[inner], list(self._sources)).any():
                raise CannotLower("XGBoost splits a category column by a number; set enable_categorical=True")
        return largest

    def _values(self) -> Value:
        """Join numbers and codes into float32 [rows, columns]."""
        parts = [self._numbers()] if self._numeric else []
        if self._sources:
            values = [list(declared) for declared in self._declared.values()]
            codes, _ = self._lowerer.codes(list(self._sources.values()), values)
            parts.append(codes.cast(np.float32) + 1.0)
        if self._largest:
            parts.append(self._truncated(parts[0]))
        return self._lowerer.graph.concat(parts)

    def _numbers(self) -> Value:
        graph, frame = self._lowerer.graph, self._frame.select(self._numeric)
        values = frame.numbers().cast(np.float32)
        if self._checked:
            self._lowerer.refuse_not_finite(values.cast(np.float64), allow_nan=True)
        if not np.isnan(self._missing):
            values = graph.where(values.equals(self._missing), np.nan, values)
        if frame.sparse:  # what a sparse matrix leaves out is missing to XGBoost
            values = graph.where(values.equals(0.0), np.nan, values)
        return values

    def _truncated(self, numbers: Value) -> Value:
        """Cut numbers to whole ones and give them the codes of categories."""
        graph = self._lowerer.graph
        values = numbers.columns([self._numeric.index(index) for index in self._largest])
        beyond = np.array(list(self._largest.values()), dtype=np.float32) + np.float32(1.0)
        known = (values >= 0.0) & (values < beyond)
        codes = graph.where(known, values.apply("Floor") + float(_CODE_OF_FIRST), float(_CODE_OF_STRANGER))
        return graph.where(values.is_nan(), float(_CODE_OF_MISSING), codes)

    def _read(self, tree: Tree) -> Trees:
        return Trees(
            roots=np.zeros(1, dtype=np.int64),
            left=tree.left,
            right=tree.right,
            feature=self._column_of[np.where(tree.left < 0, 0, tree.feature)],
            threshold=tree.condition,
            missing_left=tree.default_left & ~np.isin(np.arange(tree.left.size), list(tree.members)),
            strict=True,
            members={node: self._sides(tree, node) for node in tree.members},
        )

    def _sides(self, tree: Tree, node: int) -> tuple[Codes, Codes]:
        """List the codes on either side: the members of a set go right, and all others left."""
        column = int(tree.feature[node])
        known = self._declared.get(column)
        numbers = np.arange(self._largest[column] + 1) if known is None else np.array(list(known.values()))
        goes_right = np.isin(numbers, tree.members[node])
        codes = np.arange(numbers.size) + _CODE_OF_FIRST
        codes = np.array([_CODE_OF_MISSING, _CODE_OF_STRANGER, *codes])
        goes_right = np.array([not tree.default_left[node], False, *goes_right])
        return codes[~goes_right], codes[goes_right]

    def _categories_of(self, index: int) -> dict[Any, int]:
        """Map a raw column's declared categories to XGBoost's numbers for them.

        Version 3.2 takes a declared category that training lacks for another one, and keeps only the first
        bytes of one that is not ASCII; both are refused here unless they do no harm.
        """
        source = self._sources[index]
        declared = list(source.column.categories or ())
        if source.column.type != "category" or source.renamed:
            raise CannotLower(f"XGBoost is given the column {source.column.name!r}, which is no category")
        stored = self._model.categories
        if stored is None:
            return {value: number for number, value in enumerate(declared)}
        learnt = stored[index]
        keys = [_stored_form(value) for value in declared]
        if keys == learnt:
            return {value: number for number, value in enumerate(declared)}
        strange = [value for value, key in zip(declared, keys, strict=True) if key not in learnt]
        if strange:
            raise CannotLower(
                f"column {source.column.name!r} declares the category {strange[0]!r}, which training lacked "
                "and XGBoost takes for another one; declare the categories of the training data only"
            )
        if any(isinstance(value, str) and not value.isascii() for value in declared):
            raise CannotLower(
                f"column {source.column.name!r} has categories that are not ASCII in another order than in "
                "training, which XGBoost mixes up; declare them in the order of the training data"
            )
        return {value: learnt.index(key) for value, key in zip(declared, keys, strict=True)}


def _stored_form(value: Any) -> Any:
    """Write a category as the model's JSON holds it."""
    return value.encode()[: len(value)] if isinstance(value, str) else value


def _answer(raw: Value, model: Model) -> Value:
    """Turn raw scores [rows, scores] into what `predict` gives: [rows], or [rows, scores] for several."""
    name = model.objective
    if name == "multi:softmax":
        return raw.argmax().cast(np.float32)
    scores = raw if model.start.size > 1 else raw.column(0)
    if name == "multi:softprob":
        return scores.apply("Softmax", axis=1)
    if name in _LOGITS:
        return scores.apply("Sigmoid")
    if name in _EXPONENTIALS:
        return scores.apply("Exp")
    if name == "binary:hinge":
        return (scores > 0.0).cast(np.float32)
    if name in _IDENTITIES:
        return scores
    raise CannotLower(f"XGBoost's objective {name!r} has no lowering")
