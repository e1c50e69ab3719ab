"""What a session is asked to answer, and how a schema reads it from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, TypeAlias

import numpy as np

from hythe.bundle.rows import Rows, count
from hythe.bundle.schema import Schema
from hythe.runtime.gather import Gathering
from hythe.runtime.records import Records
from hythe.runtime.tensor_records import TensorRecords

Batch: TypeAlias = "list[Any] | Rows"
"""Row objects of one reader, or an Arrow table, or tensors."""


class RowReader(Protocol):
    """Reads what clients send for one schema; each method raises Invalid with the path of what is wrong."""

    @property
    def schema(self) -> Schema:
        """What is read."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """The attribute of a row object that holds each column."""
        ...

    def decode(self, body: bytes | memoryview) -> Any:
        """Read JSON: `{"rows": [{…}]}`, `{"columns": {name: […]}}` or one bare row; may raise Malformed."""
        ...

    def in_pieces(self, body: bytes | memoryview) -> Iterator[Any]:
        """Read JSON as `decode` does, perhaps as several batches, each in a short time."""
        ...

    def convert_one(self, row: Mapping[str, Any]) -> Any:
        """Turn one dictionary of Python values into a batch of one row."""
        ...

    def convert_all(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Turn dictionaries of Python values into a batch."""
        ...

    def convert_columns(self, columns: Mapping[str, Any]) -> Any:
        """Turn lists or arrays of equal length into a batch."""
        ...

    def rows(self, batch: Any) -> Rows:
        """Give a batch of this reader as an Arrow table, or as tensors."""
        ...

    def gathering(self) -> Gathering:
        """Begin rows, as `rows` gives them, that grow a batch at a time."""
        ...


def reader(schema: Schema) -> RowReader:
    """Make the reader of a schema's rows."""
    return TensorRecords(schema) if schema.tensors else Records(schema)


def kind(batch: Batch) -> Any:
    """Say what a batch may be joined with: batches of an equal kind, read by one reader.

    >>> kind({"image": np.zeros((2, 8, 8))}) == kind({"image": np.zeros((1, 9, 9))})
    False
    """
    if isinstance(batch, list):
        return None
    if isinstance(batch, Mapping):
        return tuple((name, array.shape[1:]) for name, array in batch.items())
    return "table"


def join(batches: Sequence[Batch]) -> Batch:
    """Put batches of one kind behind each other.

    >>> join([[1, 2], [3]])
    [1, 2, 3]
    """
    first = batches[0]
    if isinstance(first, list):
        return list(chain.from_iterable(batches))
    if isinstance(first, Mapping):
        return {name: np.concatenate([batch[name] for batch in batches]) for name in first}  # type: ignore[index]  # equal kinds
    import pyarrow as pa

    return pa.concat_tables(batches)


def cut(batch: Any, start: int, stop: int) -> Any:
    """Give some rows of a batch, or of what a session made of it; nothing is copied where that can be.

    >>> cut({"numbers": np.arange(6).reshape(3, 2)}, 1, 2)["numbers"].tolist()
    [[2, 3]]
    """
    if isinstance(batch, list):
        return batch[start:stop]
    if isinstance(batch, Mapping):
        return {name: array[start:stop] for name, array in batch.items()}
    return batch.slice(start, stop - start)


def size(batch: Batch) -> int:
    """Count the rows of a batch."""
    return len(batch) if isinstance(batch, list) else count(batch)
