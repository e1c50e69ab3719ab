"""Counts which values of a version's number features are high together, as its baseline did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

import numpy as np

from hythe.bundle.pairs import Pairs
from hythe.bundle.rows import Array
from hythe.monitor.records.sources import Source


class PairCounter:
    """Knows where the paired columns of a baseline lie in what the version's records hold."""

    def __init__(self, pairs: Pairs, places: Mapping[str, list[tuple[int, int]]]) -> None:
        self._pairs = pairs
        self._places = places

    @classmethod
    def of(cls, pairs: Pairs | None, sources: Mapping[str, Source]) -> Self | None:
        """Find the paired columns; None where there are none, or one is in no array of records."""
        if pairs is None or any(name not in sources for name in pairs.columns):
            return None
        places: dict[str, list[tuple[int, int]]] = {}
        for column, name in enumerate(pairs.columns):
            source = sources[name]
            places.setdefault(source.array, []).append((column, source.place or 0))
        return cls(pairs, places)

    def count(self, arrays: Iterable[tuple[str, Array]]) -> dict[str, tuple[int, ...]]:
        """Count input arrays by name, whose rows are each other's; nothing where one is not there."""
        parts: dict[str, list[Array]] = {}
        for name, values in arrays:
            parts.setdefault(name, []).append(values)
        if not self._places.keys() <= parts.keys():
            return {}
        rows = {sum(len(values) for values in parts[name]) for name in self._places}
        if len(rows) != 1:  # some records hold the array, others do not
            return {}
        columns = np.empty((rows.pop(), len(self._pairs.columns)))
        for name, places in self._places.items():
            values = parts[name][0] if len(parts[name]) == 1 else np.concatenate(parts[name])
            columns[:, [column for column, _ in places]] = values[:, [place for _, place in places]]
        return self._pairs.statistics(columns)
