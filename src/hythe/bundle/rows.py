"""Rows on their way to a model: typed columns in Arrow, or named tensors in numpy, never both.

This is the one form in which Hythe passes data between its layers. Doors decode into it, flavors turn
it into what the original model was given, goldens store it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = NDArray[Any]
Rows: TypeAlias = "pa.Table | Mapping[str, Array]"


def count(rows: Rows) -> int:
    """Count the rows.

    >>> count({"pixels": np.zeros((3, 8, 8))})
    3
    """
    if isinstance(rows, Mapping):
        return len(next(iter(rows.values()))) if rows else 0
    return int(rows.num_rows)


def take(rows: Rows, indices: Sequence[int] | Array) -> Rows:
    """Pick rows by position, in the order given.

    >>> import pyarrow as pa
    >>> take(pa.table({"x": [1, 2, 3]}), [2, 0])["x"].to_pylist()
    [3, 1]
    """
    positions = np.asarray(indices, dtype=np.int64)
    if isinstance(rows, Mapping):
        return {name: values[positions] for name, values in rows.items()}
    return rows.take(positions)


def concat(parts: Sequence[Rows]) -> Rows:
    """Stack batches of one schema on top of each other.

    >>> import pyarrow as pa
    >>> concat([pa.table({"x": [1]}), pa.table({"x": [2]})])["x"].to_pylist()
    [1, 2]
    """
    first = parts[0]
    if isinstance(first, Mapping):
        return {name: np.concatenate([part[name] for part in parts]) for name in first}
    import pyarrow as pa

    return pa.concat_tables(parts).combine_chunks()
