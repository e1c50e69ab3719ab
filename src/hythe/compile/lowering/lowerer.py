"""The walk from a fitted model to a graph: finds each step's lowering and keeps what they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from hythe.bundle.feed import FIRST, MISSING, UNSEEN, Coded, Feed, Text
from hythe.bundle.schema import Column, Scalar, Schema
from hythe.compile.graph import Graph, Value
from hythe.compile.lowering.frame import CannotLower, Frame, Numbers, Part, Source
from hythe.compile.lowering.guard import Guard
from hythe.compile.lowering.results import Result

Lowering: TypeAlias = Callable[[Any, Frame, "Lowerer"], Any]

_LOWERINGS: dict[str, Lowering] = {}
_TRANSFORMS: dict[str, Lowering] = {}
"""The lowerings of `transform` for classes that predict as well."""
_FAMILIES = (
    "trees",
    "boosting",
    "histogram",
    "lightgbm",
    "xgboost",
    "isolation",
    "catboost",
    "ensembles",
    "pipeline",
    "columns",
    "scaling",
    "imputation",
    "encoding",
    "functions",
    "discretising",
    "polynomial",
    "splines",
    "text",
    "dictionaries",
    "selection",
    "decomposition",
    "kernel_maps",
    "clusters",
    "imputing_models",
    "linear",
    "support_vectors",
    "kernel_ridge",
    "naive_bayes",
    "neighbors",
    "gaussian_process",
    "neural",
    "discriminant",
    "dummy",
    "isotonic",
    "semi_supervised",
    "cross_decomposition",
    "multiclass",
    "voting",
    "multioutput",
    "calibration",
    "search",
    "target",
)
"""The modules that register lowerings; a new family is added here."""


def lowers(*names: str) -> Callable[[Lowering], Lowering]:
    """Register a lowering for exact classes, named `package.Class`: `sklearn.StandardScaler`.

    Transformers map a `Frame` to a `Frame`; predictors map a `Frame` to a `Result`.
    """

    def register(lowering: Lowering) -> Lowering:
        _LOWERINGS.update(dict.fromkeys(names, lowering))
        return lowering

    return register


def transforms(*names: str) -> Callable[[Lowering], Lowering]:
    """Register the lowering of `transform` for classes that `lowers` registers as predictors."""

    def register(lowering: Lowering) -> Lowering:
        _TRANSFORMS.update(dict.fromkeys(names, lowering))
        return lowering

    return register


class Lowerer:
    """One lowering under way: the graph, the raw columns' codes and texts, and the refusals."""

    def __init__(self, schema: Schema) -> None:
        self.graph = Graph()
        self.schema = schema
        self.guard = Guard(self.graph)
        self._coded: list[Coded] = []
        self._texts: list[Text] = []
        self._numbers = tuple(c for c in schema.columns if c.type not in {"string", "category", "timestamp"})
        self._codes: Value | None = None
        self._base: Value | None = None

    def start(self) -> Frame:
        """Make the frame that the model sees: one part for all numbers, one for each raw column."""
        width = len(self._numbers)
        base = self._base = self.graph.input("numbers", np.float64, width) if width else None
        parts: list[Part] = []
        for column in self.schema.columns:
            if base is not None and column in self._numbers:
                pick = (self._numbers.index(column),)
                parts.append(Numbers(base, 1, pick, column.type == "float32", width))
            else:
                parts.append(Source(column))
        named = self.schema.container in {"pandas", "polars"}
        names = tuple(c.name for c in self.schema.columns) if named else None
        whole = Frame(self.graph, tuple(parts), names).select(range(len(parts)))
        return replace(whole, flat=self.schema.container == "sequence")

    def raw(self, part: Part) -> Column | None:
        """Give the schema's column of a part of width one that no step has changed, else None."""
        if isinstance(part, Source):
            return None if part.renamed else part.column
        if part.base is not self._base:
            return None
        return self._numbers[part.pick(0).picks[0]]  # type: ignore[index]  # a pick has picks

    def lower(self, model: Any, frame: Frame) -> Any:
        """Lower one fitted step or model.

        Raises:
            CannotLower: when there is no lowering for its exact class, or not for its settings.

        """
        return _find(model, _LOWERINGS)(model, frame, self)

    def transform(self, model: Any, frame: Frame) -> Frame:
        """Lower a transformer."""
        result = _find(model, _TRANSFORMS, _LOWERINGS)(model, frame, self)
        if not isinstance(result, Frame):
            raise CannotLower(f"{type(model).__name__} stands where a transformer is needed")
        names = _output_names(model)
        return result if names is None else replace(result, names=names)

    def predict(self, model: Any, frame: Frame) -> Result:
        """Lower a predictor."""
        result = self.lower(model, frame)
        if isinstance(result, Frame):
            raise CannotLower(f"{type(model).__name__} transforms and does not predict")
        assert_result: Result = result
        return assert_result

    def codes(
        self, sources: Sequence[Source], values: Sequence[Sequence[Scalar]]
    ) -> tuple[Value, list[list[int]]]:
        """Read raw columns as codes, int64 [rows, len(sources)].

        `values[i]` are the values of `sources[i]` that the caller needs to tell apart; the second result
        gives the code of each, in that order. `feed.MISSING` and `feed.UNSEEN` stand for the rest.
        """
        read = [self.coded(source, wanted) for source, wanted in zip(sources, values, strict=True)]
        return self.coded_columns([position for position, _ in read]), [codes for _, codes in read]

    def coded_columns(self, positions: Sequence[int]) -> Value:
        """Gather coded columns by the positions that `coded` gave, int64 [rows, len(positions)]."""
        if self._codes is None:
            self._codes = self.graph.input("codes", np.int64, None)
        return self._codes.columns(positions)

    def coded(self, source: Source, values: Sequence[Scalar], others: int = UNSEEN) -> tuple[int, list[int]]:
        """Ask for one raw column as codes: its position among the coded columns, and the code of each value.

        The codes are `feed.FIRST` and on. `others` is the code of every value that is not in `values`; that
        of a missing one is `feed.MISSING`, unless the source renames it.
        """
        if source.column.type == "timestamp":
            raise CannotLower(f"column {source.column.name!r} is a timestamp, which no lowering takes")
        table = _table(source, values, others)
        if table not in self._coded:
            self._coded.append(table)
        return self._coded.index(table), [FIRST + i for i in range(len(values))]

    def text(self, analysis: Text) -> Value:
        """Read a text column as term counts, float64 [rows, vocabulary]."""
        if analysis in self._texts:
            index = self._texts.index(analysis)
            return Value(self.graph, f"text_{index}", np.dtype(np.float64))
        self._texts.append(analysis)
        return self.graph.input(f"text_{len(self._texts) - 1}", np.float64, analysis.width)

    def refuse(self, cells: Value) -> None:
        """Refuse the rows where `cells` (bool [rows] is not enough: [rows, n], n ≥ 1) is true anywhere."""
        self.guard.cells(cells)

    def refuse_not_finite(self, values: Value, *, allow_nan: bool = False) -> None:
        """Refuse rows as scikit-learn's `check_array` does: ±inf always, NaN unless allowed."""
        self.guard.finite(values, allow_nan=allow_nan)

    def refused(self) -> Value | None:
        """Give bool [rows], true where any step refuses the row; None when no step ever refuses."""
        return self.guard.refused()

    def feed(self) -> Feed:
        """Describe the inputs that the finished graph takes."""
        return Feed(
            numbers=tuple(c.name for c in self._numbers),
            single=tuple(c.name for c in self._numbers if c.type == "float32"),
            codes=tuple(self._coded),
            texts=tuple(self._texts),
        )


def _table(source: Source, values: Sequence[Scalar], others: int) -> Coded:
    """Fold what steps did to a column's values into one table of codes."""
    code_of = {value: FIRST + i for i, value in enumerate(values)}
    renamed = {raw: code_of.get(value, others) for raw, value in source.renamed}
    missing = renamed.pop(None, MISSING)
    table: dict[Any, int] = {value: code for value, code in code_of.items() if value not in renamed}
    table.update(renamed)
    codes = tuple(table.values())
    plain = codes == tuple(range(FIRST, FIRST + len(codes)))
    return Coded(source.column.name, tuple(table), () if plain else codes, missing, others)


def _output_names(model: Any) -> tuple[str, ...] | None:
    """Name the columns that a transformer told to give a table gives; None when it gives an array."""
    configured = getattr(model, "_sklearn_output_config", {}).get("transform")
    if configured is None:
        from sklearn import get_config

        configured = get_config()["transform_output"] if hasattr(model, "set_output") else "default"
    if configured == "default":
        return None
    return tuple(str(name) for name in model.get_feature_names_out())


def _find(model: Any, *registries: Mapping[str, Lowering]) -> Lowering:
    _load_families()
    kind = type(model)
    name = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    for registry in registries:
        if name in registry:
            return registry[name]
    what = "Python code" if isinstance(model, str) else name
    raise CannotLower(f"there is no lowering for {what}")


def _load_families() -> None:
    for family in _FAMILIES:
        import_module(f"hythe.compile.lowering.{family}")
