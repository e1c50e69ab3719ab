"""Rows on their way to a model: typed columns in Arrow, or named tensors in numpy, never both.

This is the one form in which Hythe passes data between its layers. Doors decode into it, flavors turn
it into what the original model was given, goldens store it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Rows: TypeAlias = "pa.Table | Mapping[str, Array]"


def count(rows: Rows) -> int:
    """Count the rows.

    >>> count({"pixels": np.zeros((3, 8, 8))})
    3
    """
    if isinstance(rows, pa.Table):
        return int(rows.num_rows)
    return len(next(iter(rows.values()))) if rows else 0


def take(rows: Rows, indices: Sequence[int] | Array) -> Rows:
    """Pick rows by position, in the order given.

    >>> take(pa.table({"x": [1, 2, 3]}), [2, 0])["x"].to_pylist()
    [3, 1]
    """
    positions = np.asarray(indices, dtype=np.int64)
    if isinstance(rows, pa.Table):
        return rows.take(pa.array(positions))
    return {name: values[positions] for name, values in rows.items()}


def concat(parts: Sequence[Rows]) -> Rows:
    """Stack batches of one schema on top of each other.

    >>> concat([pa.table({"x": [1]}), pa.table({"x": [2]})])["x"].to_pylist()
    [1, 2]
    """
    first = parts[0]
    if isinstance(first, pa.Table):
        return pa.concat_tables(parts).combine_chunks()
    return {name: np.concatenate([part[name] for part in parts]) for name in first}
