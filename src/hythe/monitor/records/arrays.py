"""The arrays of records: they stay in a record's memory until somebody asks, then come all together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import msgspec
import numpy as np

from hythe.bundle.rows import Array


class Field(msgspec.Struct, frozen=True, array_like=True):
    """One array: its dtype (as numpy writes it, "" for a list in the body) and its shape behind the row."""

    name: str
    dtype: str
    shape: tuple[int, ...] = ()

    @property
    def row_bytes(self) -> int:
        """How many raw bytes there are for each row."""
        return np.dtype(self.dtype).itemsize * int(np.prod(self.shape, dtype=np.int64)) if self.dtype else 0


class Cuts:
    """Knows where the arrays of some fields lie in records of one layout.

    Behind `skipped` bytes a row, and `lists` lists, of the fields before them they lie one behind the other.
    """

    def __init__(self, fields: Sequence[Field], skipped: int = 0, lists: int = 0) -> None:
        self.names = [field.name for field in fields]
        self.row_bytes, self.lists = skipped, lists
        self._raw: dict[str, tuple[int, int, np.dtype[Any], tuple[int, ...]]] = {}
        self._listed: dict[str, int] = {}
        for field in fields:
            if not field.dtype:
                self._listed[field.name] = self.lists
                self.lists += 1
                continue
            end = self.row_bytes + field.row_bytes
            self._raw[field.name] = self.row_bytes, end, np.dtype(field.dtype), field.shape
            self.row_bytes = end

    def joined(self, name: str, cuts: Sequence[Cut]) -> Array | list[Any]:
        """Give one array of all `cuts`, which are of this layout: their rows behind each other."""
        if name in self._listed:
            place = self._listed[name]
            return list(chain.from_iterable([cut.lists[place] for cut in cuts]))
        first, last, dtype, shape = self._raw[name]
        parts = [cut.data[cut.start + cut.rows * first : cut.start + cut.rows * last] for cut in cuts]
        rows = sum([cut.rows for cut in cuts])
        return np.ndarray((rows, *shape), dtype, parts[0] if len(parts) == 1 else b"".join(parts))


class Cut(msgspec.Struct, frozen=True, gc=False):
    """The arrays by name of a record of `rows` rows, in its memory `data` from `start` on, and `lists`."""

    cuts: Cuts
    data: memoryview
    start: int
    rows: int
    lists: list[list[Any]]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self.cuts.names)

    def __getitem__(self, name: str) -> Array | list[Any]:
        """Give an array; it lies in the record's memory."""
        return self.cuts.joined(name, (self,))

    def items(self) -> Iterator[tuple[str, Array | list[Any]]]:
        """Give the arrays with their names."""
        return ((name, self[name]) for name in self)


Arrays: TypeAlias = Mapping[str, Array | list[Any]] | Cut
"""Arrays by name, text and other scalars as lists; empty, and then false, where there are none."""
NO_ARRAYS: Arrays = {}


def together(found: Iterable[Arrays]) -> Iterator[tuple[str, Array]]:
    """Give the arrays of many records by name; an array comes once for each layout, its rows in turn."""
    layouts: dict[Cuts, list[Cut]] = {}
    for arrays in found:
        if isinstance(arrays, Cut):
            layouts.setdefault(arrays.cuts, []).append(arrays)
        else:
            yield from ((name, as_array(values)) for name, values in arrays.items())
    for cuts, those in layouts.items():
        yield from ((name, as_array(cuts.joined(name, those))) for name in cuts.names)


def as_array(values: Array | list[Any]) -> Array:
    """Make an array of a list, as it came."""
    if not isinstance(values, list):
        return values
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
