"""What a client sent, told from the arrays that were recorded: numbers as they are, codes as their values.

An array may tell less than was sent. A table gives several values one code (an imputer makes missing and its
filling one), or names only the most frequent; what another array tells beside it is used then. Where nothing
tells a value apart from others it is *untold*: it was there, and nobody knows which one it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.feed import Coded, Feed
from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Scalar, Schema
from hythe.monitor.records.observing import CODES, NUMBERS, TIMES, Observing
from hythe.monitor.records.sources import codes_of

_MISSING, _UNTOLD = -1, -2
Bools: TypeAlias = NDArray[np.bool_]


class Restored(NamedTuple):
    """A column of some rows: which are `missing`, and which had a value that is `untold`.

    `values` are numbers (timestamps in seconds since 1970), or places in `words` where there are any; what
    is missing or untold has any.
    """

    values: Array
    missing: Bools
    untold: Bools
    words: tuple[Scalar, ...] | None = None


class _Way(NamedTuple):
    """Where a column can be read: column `place` of an array; `table` says what its codes stand for."""

    array: str
    place: int
    table: Mapping[int, int] | None = None


class Restorer:
    """Restores the columns of one version's rows; `feed` is that of the serving variant, None if native.

    `columns` can be told; `unread` are the names of those of which nothing was recorded. Columns in
    `leave_out`, and sensitive ones, are neither. Tensors are recorded as they are, so they need no restoring.

    >>> schema = Schema((Column("age", "int64"), Column("town", "string", nullable=True)))
    >>> feed = Feed(numbers=("age",), codes=(Coded("town", ("Bath", "York")),))
    >>> restorer = Restorer(schema, feed, Observing())
    >>> found = restorer({"numbers": np.array([[41.0], [17.0]]), "codes": np.array([[3], [1]])}, 2)
    >>> town = found["town"]
    >>> found["age"].values.tolist(), town.words[town.values[0]], town.untold.tolist()
    ([41.0, 17.0], 'York', [False, True])
    """

    def __init__(
        self, schema: Schema, feed: Feed | None, beside: Observing, leave_out: Iterable[str] = ()
    ) -> None:
        hidden = {*leave_out} | {column.name for column in schema.columns if column.sensitive}
        wanted = {column.name: column for column in schema.columns if column.name not in hidden}
        self._words: dict[str, tuple[Scalar, ...]] = {}
        self._ways: dict[str, list[_Way]] = {name: [] for name in wanted}
        for name, way in self._all(wanted, feed or Feed(), beside):
            self._ways[name].append(way)
        self.columns = tuple(column for name, column in wanted.items() if self._ways[name])
        self.unread = tuple(name for name in wanted if not self._ways[name])

    def __call__(self, arrays: Mapping[str, Array], rows: int) -> dict[str, Restored]:
        """Restore `rows` rows from their input arrays by name; where there are none, all is untold."""
        return {
            column.name: self._coded(column.name, arrays, rows)
            if column.name in self._words
            else self._number(column.name, arrays, rows)
            for column in self.columns
        }

    def _all(
        self, columns: Mapping[str, Column], feed: Feed, beside: Observing
    ) -> Iterator[tuple[str, _Way]]:
        """Give each place where a column of `columns` can be read, the most exact first."""
        for one, arrays in ((beside.feed, (NUMBERS, CODES)), (feed, ("numbers", "codes"))):
            for place, name in enumerate(one.numbers):
                if name in columns and columns[name].type not in {"string", "category", "timestamp"}:
                    yield name, _Way(arrays[0], place)
            for place, coded in enumerate(one.codes):
                if coded.name in columns and columns[coded.name].type in {"string", "category"}:
                    words = self._words.get(coded.name, ())
                    words = self._words[coded.name] = tuple(dict.fromkeys([*words, *coded.values]))
                    yield coded.name, _Way(arrays[1], place, _preimages(coded, columns[coded.name], words))
        for place, name in enumerate(beside.times):
            if name in columns:
                yield name, _Way(TIMES, place)

    def _number(self, name: str, arrays: Mapping[str, Array], rows: int) -> Restored:
        for way in self._ways[name]:
            if way.array in arrays:
                values = arrays[way.array][:, way.place]
                return Restored(values, np.isnan(values), np.zeros(rows, dtype=np.bool_))
        return _untold(np.zeros(rows), rows)

    def _coded(self, name: str, arrays: Mapping[str, Array], rows: int) -> Restored:
        places = np.full(rows, _UNTOLD, dtype=np.int64)
        for way in self._ways[name]:
            table, array = way.table, arrays.get(way.array)
            if table is None or array is None:
                continue
            codes, where = np.unique(array[:, way.place], return_inverse=True)
            told = np.array([table.get(int(code), _UNTOLD) for code in codes], dtype=np.int64)[where]
            places = np.where(places == _UNTOLD, told, places)
        words = self._words[name]
        return Restored(np.maximum(places, 0), places == _MISSING, places == _UNTOLD, words)


def _preimages(coded: Coded, column: Column, words: tuple[Scalar, ...]) -> dict[int, int]:
    """Give what each code stands for, where that is one thing: the place of a word, or `_MISSING`."""
    found: dict[int, int] = {}
    places = {word: place for place, word in enumerate(words)}
    meant = [(code, places[value]) for value, code in zip(coded.values, codes_of(coded), strict=True)]
    if column.nullable:
        meant.append((coded.missing, _MISSING))
    for code, place in [*meant, (coded.unseen, _UNTOLD)]:
        found[code] = place if found.setdefault(code, place) == place else _UNTOLD
    return found


def _untold(values: Array, rows: int) -> Restored:
    return Restored(values, np.zeros(rows, dtype=np.bool_), np.ones(rows, dtype=np.bool_))
