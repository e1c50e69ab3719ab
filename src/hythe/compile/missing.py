"""Which columns may be missing, found by asking the original."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from hythe.bundle.rows import Rows
from hythe.bundle.schema import Schema
from hythe.compile.cells import complete_rows, edited
from hythe.compile.refusals import Predict, ask


def accepts_missing(original: Predict, examples: Rows, schema: Schema) -> tuple[str, ...]:
    """Name the columns which, missing from an ordinary row, the original answers all the same.

    Columns whose examples hold missing values already are named without asking. One row is asked for each
    column, all in one batch first.

    >>> def original(rows):
    ...     if rows["age"].null_count:
    ...         raise ValueError("age is missing")
    ...     return {"value": np.zeros(rows.num_rows)}
    >>> from hythe.bundle.schema import Column
    >>> schema = Schema((Column("age", "int64"), Column("plan", "string")))
    >>> accepts_missing(original, pa.table({"age": [41], "plan": ["gold"]}), schema)
    ('plan',)
    """
    if not isinstance(examples, pa.Table):
        return ()
    names = [column.name for column in schema.columns if not column.nullable]
    if not names:
        return tuple(column.name for column in schema.columns)
    ordinary = int(complete_rows(examples)[0])
    table = examples.take(pa.array(np.full(len(names), ordinary)))
    outcome, _ = ask(original, edited(table, [{name: None} for name in names]))
    refused = {name for name, refused in zip(names, outcome.refused, strict=True) if refused}
    return tuple(column.name for column in schema.columns if column.name not in refused)
