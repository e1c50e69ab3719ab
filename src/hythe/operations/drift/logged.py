"""Rows of a prediction log: what was there and was not recorded is neither missing nor a known value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hythe.bundle.schema import Schema
from hythe.operations.drift.source import Source
from hythe.operations.predictions.table import UNTOLD

if TYPE_CHECKING:
    import pyarrow as pa

_ANOTHER = "\x00another value"
"""Stands for a text that neither the baseline nor the model names: it counts among all other values."""
_TEXT = {"string", "category"}


def is_logged(source: Source) -> bool:
    """Tell whether rows are those of a prediction log."""
    return UNTOLD in source.columns


def recorded(batch: pa.RecordBatch, schema: Schema) -> pa.RecordBatch:
    r"""Put another value for texts that were not recorded; leave out rows of which other values were not.

    >>> import pyarrow as pa
    >>> from hythe.bundle.schema import Column
    >>> rows = pa.RecordBatch.from_pydict(
    ...     {"town": ["Hythe", None, None], "age": [1.0, 2.0, None], UNTOLD: [[], ["town"], ["age"]]}
    ... )
    >>> schema = Schema((Column("town", "string", nullable=True), Column("age", "float64")))
    >>> recorded(rows, schema).to_pydict()["town"]
    ['Hythe', '\x00another value']
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    untold = batch.column(UNTOLD)
    if not pc.sum(pc.list_value_length(untold)).as_py():
        return batch
    names, rows = pc.list_flatten(untold), pc.list_parent_indices(untold).to_numpy()
    text = {column.name for column in schema.columns if column.type in _TEXT}
    kept = np.ones(batch.num_rows, dtype=np.bool_)
    for name in pc.unique(names).to_pylist():
        marked = np.zeros(batch.num_rows, dtype=np.bool_)
        marked[rows[pc.equal(names, name).to_numpy(zero_copy_only=False)]] = True
        place = batch.schema.get_field_index(name)
        if name not in text or place < 0:
            kept &= ~marked
            continue
        column = batch.column(place).cast(pa.string())
        filled = pc.if_else(pa.array(marked), _ANOTHER, column)
        batch = batch.set_column(place, pa.field(name, pa.string()), filled)
    return batch.filter(pa.array(kept))
