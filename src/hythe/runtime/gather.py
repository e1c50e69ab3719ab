"""Row objects to an Arrow table, in the schema's order and types."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hythe.bundle.rows import Rows, concat
from hythe.bundle.schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

_FLOATS = {"float32", "float64"}
_NAN = float("nan")


class Gathering(Protocol):
    """Collects batches of one reader."""

    def add(self, batch: Any) -> None:
        """Take a batch."""
        ...

    def rows(self) -> Rows:
        """Give all that was added."""
        ...


class Gatherer:
    """Gathers rows whose attributes `fields` names; None is a missing value.

    Floats are packed a row at a time, and turned into columns once at the end: an Arrow array for each column
    of each batch would take three times as long.
    """

    def __init__(self, columns: Sequence[Column], fields: Mapping[str, str]) -> None:
        self._columns = columns
        floats = [fields[column.name] for column in columns if column.type in _FLOATS]
        others = [fields[column.name] for column in columns if column.type not in _FLOATS]
        self._floats, self._others = _several(floats), _several(others)
        self._width = len(floats)
        self._pack = struct.Struct(f"{len(floats)}d").pack
        self._packed: list[bytes] = []
        self._gaps: dict[int, list[bool]] = {}
        self._cells: list[list[Any]] = [[] for _ in others]

    def add(self, batch: Sequence[Any]) -> None:
        """Take row objects."""
        get, pack, packed = self._floats, self._pack, self._packed
        for row in batch if self._width else ():
            values = get(row)
            try:
                packed.append(pack(*values))
            except struct.error:
                self._gaps[len(packed)] = [value is None for value in values]
                packed.append(pack(*[_NAN if value is None else value for value in values]))
        for cells, values in zip(self._cells, zip(*map(self._others, batch), strict=True), strict=False):
            cells.extend(values)

    def rows(self) -> pa.Table:
        """Give the table of all rows."""
        import pyarrow as pa

        from hythe.bundle.types import arrow_type

        floats, others = self._blocks(), iter(self._cells)
        arrays = []
        for column in self._columns:
            kind = arrow_type(column)
            if column.type in _FLOATS:
                values, missing = next(floats)
                array = pa.array(values, mask=missing)
                arrays.append(array if column.type == "float64" else array.cast(kind, safe=False))
            else:
                arrays.append(pa.array(next(others), type=kind))
        return pa.table(arrays, names=[column.name for column in self._columns])

    def _blocks(self) -> Iterator[tuple[Any, Any]]:
        """Give the values of each column of floats, and which are missing, None for none."""
        rows = np.frombuffer(b"".join(self._packed)).reshape(len(self._packed), self._width)
        missing = np.zeros(rows.shape, dtype=np.bool_) if self._gaps else None
        if missing is not None:
            missing[list(self._gaps)] = list(self._gaps.values())
        for place, values in enumerate(np.ascontiguousarray(rows.T)):
            yield values, None if missing is None else missing[:, place]


class Stack:
    """Puts tensors behind each other."""

    def __init__(self) -> None:
        self._batches: list[Rows] = []

    def add(self, batch: Rows) -> None:
        """Take tensors."""
        self._batches.append(batch)

    def rows(self) -> Rows:
        """Give the tensors of all rows."""
        return self._batches[0] if len(self._batches) == 1 else concat(self._batches)


def _several(names: Sequence[str]) -> Any:
    """Read several attributes at once; one alone, or none, is a tuple too."""
    if len(names) == 1:
        single = attrgetter(names[0])
        return lambda row: (single(row),)
    return attrgetter(*names) if names else lambda _row: ()
