"""What flows between lowered steps: a table whose columns are numbers in one tensor, codes, or text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from hythe.bundle.schema import Column, Scalar
from hythe.compile.graph import Graph, Value


class CannotLower(Exception):
    """There is no exact lowering; the message is the reason that the user reads, and `native` serves."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Columns `picks` of a float64 or float32 tensor `base` [rows, base_width]; None picks all of them.

    `single` says that the original holds these columns as float32: the values are such, whatever the tensor's
    dtype, and a step that keeps the original's arithmetic rounds its results to float32.
    """

    base: Value
    width: int
    picks: tuple[int, ...] | None = None
    single: bool = False
    base_width: int | None = None

    @property
    def value(self) -> Value:
        """The tensor [rows, width], gathered where it has to be."""
        whole = self.base_width is not None and self.picks == tuple(range(self.base_width))
        return self.base if self.picks is None or whole else self.base.columns(self.picks)

    def pick(self, index: int) -> Numbers:
        """Take one column."""
        position = index if self.picks is None else self.picks[index]
        base_width = self.width if self.picks is None else self.base_width
        return Numbers(self.base, 1, (position,), self.single, base_width)


@dataclass(frozen=True, slots=True)
class Source:
    """A raw string or category column, not yet read; an encoder reads it as codes, a vectoriser as text.

    Ask `Lowerer.codes` or `Lowerer.text` for its tensor. `renamed` holds what earlier steps made of its
    values (an imputer's filling, say) as pairs of raw value and new value; the raw value None is missing.
    """

    column: Column
    renamed: tuple[tuple[Scalar | None, Scalar], ...] = ()

    def rename(self, changes: Mapping[Scalar | None, Scalar]) -> Source:
        """Change values, those that earlier renamings gave included."""
        mapping = {raw: changes.get(value, value) for raw, value in self.renamed}
        for raw, value in changes.items():
            mapping.setdefault(raw, value)
        return Source(self.column, tuple(mapping.items()))

    @property
    def missing(self) -> bool:
        """Whether a missing value is still missing here."""
        return all(raw is not None for raw, _ in self.renamed)


Part: TypeAlias = Numbers | Source


@dataclass(frozen=True, slots=True)
class Frame:
    """Parts side by side; `names` are the column names where the original saw a table with names.

    `sparse` says that the original holds the whole as a scipy sparse matrix, which some steps treat
    otherwise; `flat`, that it holds the only column as a one-dimensional sequence, as text vectorisers ask.
    """

    graph: Graph
    parts: tuple[Part, ...]
    names: tuple[str, ...] | None = field(default=None)
    sparse: bool = False
    flat: bool = False

    @classmethod
    def of(
        cls,
        value: Value,
        width: int,
        names: Sequence[str] | None = None,
        *,
        single: bool = False,
        sparse: bool = False,
    ) -> Frame:
        """Wrap one tensor [rows, width]."""
        part = Numbers(value, width, single=single)
        return cls(value.graph, (part,), None if names is None else tuple(names), sparse)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return sum(part.width if isinstance(part, Numbers) else 1 for part in self.parts)

    @property
    def single(self) -> bool:
        """Whether the original would hold all columns together as float32."""
        return bool(self.parts) and all(isinstance(part, Numbers) and part.single for part in self.parts)

    def numbers(self) -> Value:
        """Join all columns into one tensor [rows, width].

        Raises:
            CannotLower: when a column is not a number.

        """
        values: list[Value] = []
        for part in _merged(self.parts, mixed=True):
            if isinstance(part, Source):
                message = (
                    f"column {part.column.name!r} ({part.column.type}) reaches a step that takes numbers"
                )
                raise CannotLower(message)
            values.append(part.value)
        if not values:
            raise CannotLower("a step is given no columns at all")
        dtype = np.result_type(*(value.dtype for value in values))
        return self.graph.concat([value.cast(dtype) for value in values])

    def column(self, index: int) -> Part:
        """Take the column at `index` as a part of width one."""
        for part in self.parts:
            if isinstance(part, Source):
                if index == 0:
                    return part
                index -= 1
            elif index < part.width:
                return part.pick(index)
            else:
                index -= part.width
        raise IndexError(index)

    def select(self, indices: Iterable[int]) -> Frame:
        """Take columns by position."""
        chosen = list(indices)
        names = None if self.names is None else tuple(self.names[i] for i in chosen)
        parts = _merged(tuple(self.column(i) for i in chosen))
        return Frame(self.graph, parts, names, self.sparse)

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
        sparse = any(frame.sparse for frame in frames)
        return Frame(frames[0].graph, parts, None if names is None else tuple(names), sparse)


def held(value: Value, *, single: bool) -> Value:
    """Round to float32 where the original holds its intermediate result as such."""
    return value.cast(np.float32).cast(value.dtype) if single else value


def _merged(parts: Sequence[Part], *, mixed: bool = False) -> tuple[Part, ...]:
    """Join neighbours that pick from the same tensor, so that one Gather, or none, reads them.

    Unless `mixed`, what the original holds as float32 stays apart from the rest.
    """
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if (
            isinstance(last, Numbers)
            and isinstance(part, Numbers)
            and last.picks is not None
            and part.picks is not None
            and last.base is part.base
            and (mixed or last.single == part.single)
        ):
            picks = (*last.picks, *part.picks)
            single = last.single and part.single
            merged[-1] = Numbers(part.base, len(picks), picks, single, part.base_width)
        else:
            merged.append(part)
    return tuple(merged)
