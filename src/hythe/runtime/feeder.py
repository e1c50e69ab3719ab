"""Rows to input tensors: fast for one row, vectorised for many."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.feed import FIRST, Coded, Feed
from hythe.bundle.rows import Array, Rows
from hythe.runtime.text import Counter

if TYPE_CHECKING:
    import pyarrow as pa

Feeds = dict[str, Array]

_NAN = float("nan")


class Feeder:
    """Builds a variant's input tensors from Arrow tables, tensors, or decoded row objects.

    A row object has an attribute for each column, named by `fields` (column names need not be identifiers);
    None is a missing value.
    """

    def __init__(self, feed: Feed, fields: Mapping[str, str] | None = None) -> None:
        self.feed = feed
        names = fields or {}
        self._numbers = _getter([names.get(name, name) for name in feed.numbers])
        self._pack = struct.Struct(f"{len(feed.numbers)}d").pack
        self._codes = _getter([names.get(coded.name, coded.name) for coded in feed.codes])
        self._pack_codes = struct.Struct(f"{len(feed.codes)}q").pack
        self._tables = [_Table(coded) for coded in feed.codes]
        self._texts = _getter([names.get(text.name, text.name) for text in feed.texts])
        self._counters = [Counter(text) for text in feed.texts]
        self._single = [feed.numbers.index(name) for name in feed.single]

    def from_objects(self, rows: Sequence[Any]) -> Feeds:
        """Build the tensors of decoded row objects."""
        feeds: Feeds = {}
        if self.feed.numbers:
            packed = b"".join([self._packed(self._numbers(row)) for row in rows])
            numbers = np.frombuffer(packed).reshape(len(rows), -1)
            feeds["numbers"] = self._rounded(numbers.copy()) if self._single else numbers
        if self.feed.codes:
            tables = self._tables
            coded = [
                self._pack_codes(*[t[value] for t, value in zip(tables, self._codes(row), strict=True)])
                for row in rows
            ]
            feeds["codes"] = np.frombuffer(b"".join(coded), dtype=np.int64).reshape(len(rows), -1)
        for index, counter in enumerate(self._counters):
            feeds[f"text_{index}"] = counter([self._texts(row)[index] for row in rows])
        return feeds

    def from_rows(self, rows: Rows) -> Feeds:
        """Build the tensors of an Arrow table, or check and pass tensors."""
        if isinstance(rows, Mapping):
            return {spec.name: np.ascontiguousarray(rows[spec.name]) for spec in self.feed.tensors}
        feeds: Feeds = {}
        columns = dict(zip(rows.column_names, rows.columns, strict=True))
        if self.feed.numbers:
            numbers = np.empty((rows.num_rows, len(self.feed.numbers)))
            for index, name in enumerate(self.feed.numbers):
                numbers[:, index] = _cells(columns[name])
            feeds["numbers"] = self._rounded(numbers)
        if self.feed.codes:
            feeds["codes"] = np.stack([t.codes(columns[t.name]) for t in self._tables], axis=1)
        for index, counter in enumerate(self._counters):
            feeds[f"text_{index}"] = counter(columns[self.feed.texts[index].name].to_pylist())
        return feeds

    def _packed(self, values: tuple[Any, ...]) -> bytes:
        try:
            return self._pack(*values)
        except struct.error:
            return self._pack(*[_NAN if value is None else value for value in values])

    def _rounded(self, numbers: Array) -> Array:
        if self._single:
            with np.errstate(over="ignore"):
                numbers[:, self._single] = numbers[:, self._single].astype(np.float32)
        return numbers


class _Table(dict[Any, int]):
    """The codes of one column: a dictionary for single cells, the same in Arrow for many."""

    def __init__(self, coded: Coded) -> None:
        codes = coded.codes or range(FIRST, FIRST + len(coded.values))
        super().__init__(zip(coded.values, codes, strict=True))
        self[None] = coded.missing
        self.name = coded.name
        self._missing = coded.missing
        self._unseen = coded.unseen
        self._coded = coded
        self._codes = np.array([*codes, coded.unseen], dtype=np.int64)

    def __missing__(self, _value: Any) -> int:
        return self._unseen

    def codes(self, column: pa.ChunkedArray) -> Array:
        """Find the codes of many cells, int64 [rows]."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = pa.array(list(self._coded.values)) if self._coded.values else pa.array([], type=pa.string())
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        found = pc.index_in(column.cast(values.type), value_set=values)
        codes: NDArray[np.int64] = self._codes[pc.fill_null(found, -1).to_numpy()]
        codes[column.is_null().to_numpy()] = self._missing
        return codes


class _Getter(Protocol):
    def __call__(self, row: Any, /) -> tuple[Any, ...]: ...


def _getter(names: Sequence[str]) -> _Getter:
    """Read several attributes at once; one alone, or none, is a tuple too."""
    if len(names) == 1:
        single: Callable[[Any], Any] = attrgetter(names[0])
        return lambda row: (single(row),)
    if not names:
        return lambda _row: ()
    several: _Getter = attrgetter(*names)
    return several


def _cells(column: pa.ChunkedArray) -> Array:
    """View a column's memory as numbers where none is missing; else copy it, with NaN for what is missing."""
    import pyarrow as pa

    cells = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.uint8())
    elif not (pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type)):
        cells = cells.cast(pa.float64())
    viewed: Array = cells.to_numpy(zero_copy_only=False)
    return viewed
