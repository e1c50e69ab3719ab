"""What flows between lowered steps: a table whose columns are numbers in one tensor, codes, or text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from hythe.bundle.schema import Column
from hythe.compile.graph import Graph, Value


class CannotLower(Exception):
    """There is no exact lowering; the message is the reason that the user reads, and `native` serves."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Columns `picks` of a float64 or float32 tensor `base` [rows, width]; None picks all of them."""

    base: Value
    width: int
    picks: tuple[int, ...] | None = None

    @property
    def value(self) -> Value:
        """The tensor [rows, width], gathered where it has to be."""
        return self.base if self.picks is None else self.base.columns(self.picks)


@dataclass(frozen=True, slots=True)
class Source:
    """A raw string or category column, not yet read; an encoder reads it as codes, a vectoriser as text.

    Ask `Lowerer.codes` or `Lowerer.text` for its tensor.
    """

    column: Column


Part: TypeAlias = Numbers | Source


@dataclass(frozen=True, slots=True)
class Frame:
    """Parts side by side; `names` are the column names where the original saw a table with names."""

    graph: Graph
    parts: tuple[Part, ...]
    names: tuple[str, ...] | None = field(default=None)

    @classmethod
    def of(cls, value: Value, width: int, names: Sequence[str] | None = None) -> Frame:
        """Wrap one tensor [rows, width]."""
        return cls(value.graph, (Numbers(value, width),), None if names is None else tuple(names))

    @property
    def width(self) -> int:
        """How many columns there are."""
        return sum(part.width if isinstance(part, Numbers) else 1 for part in self.parts)

    def numbers(self) -> Value:
        """Join all columns into one tensor [rows, width].

        Raises:
            CannotLower: when a column is not a number.

        """
        values: list[Value] = []
        for part in _merged(self.parts):
            if isinstance(part, Source):
                message = (
                    f"column {part.column.name!r} ({part.column.type}) reaches a step that takes numbers"
                )
                raise CannotLower(message)
            values.append(part.value)
        dtype = np.result_type(*(value.dtype for value in values))
        return self.graph.concat([value.cast(dtype) for value in values])

    def single(self, index: int) -> Part:
        """Take the column at `index` as a part of width one."""
        for part in self.parts:
            if isinstance(part, Source):
                if index == 0:
                    return part
                index -= 1
            elif index < part.width:
                pick = index if part.picks is None else part.picks[index]
                return Numbers(part.base, 1, (pick,))
            else:
                index -= part.width
        raise IndexError(index)

    def select(self, indices: Iterable[int]) -> Frame:
        """Take columns by position."""
        chosen = list(indices)
        names = None if self.names is None else tuple(self.names[i] for i in chosen)
        return Frame(self.graph, _merged(tuple(self.single(i) for i in chosen)), names)

    def positions(self, names: Iterable[str]) -> list[int]:
        """Find columns by name; a name that is not there is the lowering's fault and raises ValueError."""
        if self.names is None:
            raise CannotLower("columns are picked by name, but the model was given an array without names")
        return [self.names.index(name) for name in names]

    @staticmethod
    def beside(frames: Sequence[Frame]) -> Frame:
        """Put frames side by side."""
        names: list[str] | None = []
        for frame in frames:
            names = None if names is None or frame.names is None else [*names, *frame.names]
        parts = _merged(tuple(part for frame in frames for part in frame.parts))
        return Frame(frames[0].graph, parts, None if names is None else tuple(names))


def _merged(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Join neighbours that pick from the same tensor, so that one Gather, or none, reads them."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if (
            isinstance(last, Numbers)
            and isinstance(part, Numbers)
            and last.picks is not None
            and part.picks is not None
            and last.base is part.base
        ):
            merged[-1] = Numbers(part.base, last.width + part.width, (*last.picks, *part.picks))
        else:
            merged.append(part)
    return tuple(merged)
