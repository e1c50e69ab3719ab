"""The walk from a fitted model to a graph: finds each step's lowering and keeps what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from hythe.bundle.feed import FIRST, Coded, Feed, Text
from hythe.bundle.schema import Scalar, Schema
from hythe.compile.graph import Graph, Value
from hythe.compile.lowering.frame import CannotLower, Frame, Numbers, Part, Source
from hythe.compile.lowering.results import Result

Lowering: TypeAlias = Callable[[Any, Frame, "Lowerer"], Any]

_LOWERINGS: dict[str, Lowering] = {}
_FAMILIES = (
    "trees",
    "boosting",
    "preprocessing",
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


class Lowerer:
    """One lowering under way: the graph, the raw columns' codes and texts, and the refusals."""

    def __init__(self, schema: Schema) -> None:
        self.graph = Graph()
        self.schema = schema
        self._tables: dict[str, dict[Scalar, int]] = {}
        self._texts: list[Text] = []
        self._refusals: list[Value] = []
        self._numbers = tuple(c for c in schema.columns if c.type not in {"string", "category", "timestamp"})
        self._coded: Value | None = None

    def start(self) -> Frame:
        """Make the frame that the model sees: one part for all numbers, one for each raw column."""
        base = self.graph.input("numbers", np.float64, len(self._numbers)) if self._numbers else None
        parts: list[Part] = []
        for column in self.schema.columns:
            if base is not None and column in self._numbers:
                parts.append(Numbers(base, 1, (self._numbers.index(column),)))
            elif column.type == "timestamp":
                raise CannotLower(f"column {column.name!r} is a timestamp, which no lowering takes")
            else:
                parts.append(Source(column))
        names = tuple(c.name for c in self.schema.columns)
        whole = Frame(
            self.graph, tuple(parts), names if self.schema.container in {"pandas", "polars"} else None
        )
        picks = tuple(range(len(self._numbers)))
        if base is not None and len(self._numbers) == whole.width:
            return Frame(self.graph, (Numbers(base, len(picks)),), whole.names)
        return whole

    def lower(self, model: Any, frame: Frame) -> Any:
        """Lower one fitted step or model.

        Raises:
            CannotLower: when there is no lowering for its exact class, or not for its settings.

        """
        _load_families()
        kind = type(model)
        name = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
        lowering = _LOWERINGS.get(name)
        if lowering is None:
            raise CannotLower(f"there is no lowering for {name}")
        return lowering(model, frame, self)

    def transform(self, model: Any, frame: Frame) -> Frame:
        """Lower a transformer."""
        result = self.lower(model, frame)
        if not isinstance(result, Frame):
            raise CannotLower(f"{type(model).__name__} stands where a transformer is needed")
        return result

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
        if self._coded is None:
            self._coded = self.graph.input("codes", np.int64, None)
        positions: list[int] = []
        codes: list[list[int]] = []
        for source, wanted in zip(sources, values, strict=True):
            table = self._tables.setdefault(source.column.name, {})
            for value in wanted:
                table.setdefault(value, FIRST + len(table))
            positions.append(list(self._tables).index(source.column.name))
            codes.append([table[value] for value in wanted])
        return self._coded.columns(positions), codes

    def text(self, analysis: Text) -> Value:
        """Read a text column as term counts, float64 [rows, vocabulary]."""
        if analysis in self._texts:
            index = self._texts.index(analysis)
            return Value(self.graph, f"text_{index}", np.dtype(np.float64))
        self._texts.append(analysis)
        return self.graph.input(f"text_{len(self._texts) - 1}", np.float64, len(analysis.vocabulary))

    def refuse(self, cells: Value) -> None:
        """Refuse the rows where `cells` (bool [rows] is not enough: [rows, n], n ≥ 1) is true anywhere."""
        self._refusals.append(cells.cast(np.int32).reduce("Max"))

    def refuse_not_finite(self, values: Value, *, allow_nan: bool = False) -> None:
        """Refuse rows as scikit-learn's `check_array` does: ±inf always, NaN unless allowed."""
        if allow_nan:
            self.refuse(values.is_inf())
        else:
            self._refusals.append((values * 0.0).reduce("Sum").is_nan().cast(np.int32))

    def refused(self) -> Value | None:
        """Give bool [rows], true where any step refuses the row; None when no step ever refuses."""
        if not self._refusals:
            return None
        total = self._refusals[0]
        for refusal in self._refusals[1:]:
            total = total + refusal
        return total > 0

    def feed(self) -> Feed:
        """Describe the inputs that the finished graph takes."""
        return Feed(
            numbers=tuple(c.name for c in self._numbers),
            single=tuple(c.name for c in self._numbers if c.type == "float32"),
            codes=tuple(Coded(name, tuple(table)) for name, table in self._tables.items()),
            texts=tuple(self._texts),
        )


def _load_families() -> None:
    for family in _FAMILIES:
        import_module(f"hythe.compile.lowering.{family}")
