"""Rows that one version's reader read, brought to another version that reads them too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from hythe.bundle.schema import Column, Schema, Tensor
from hythe.dataplane.shadow.rewrite import rewriter
from hythe.runtime.batch import reader

THEIRS = reader(Schema((Column("age", "int8"), Column("plan", "string", nullable=True))))
OURS = reader(
    Schema(
        (
            Column("plan", "string", nullable=True),
            Column("more", "float64", nullable=True),
            Column("age", "int64", nullable=True),
        )
    )
)
ROWS: list[dict[str, Any]] = [{"age": 41, "plan": None}, {"age": 7, "plan": "gold"}]


def test_row_objects_get_the_names_and_the_order_that_the_other_reader_gives_them() -> None:
    rewritten = rewriter(THEIRS, OURS)(THEIRS.convert_all(ROWS))
    read = OURS.convert_all(ROWS)
    cells = [[getattr(row, name) for name in OURS.fields.values()] for row in (*rewritten, *read)]
    assert cells[:2] == cells[2:]
    told: Any = OURS.rows(rewritten)
    assert told.equals(OURS.rows(read))


def test_tables_get_the_other_types_and_columns() -> None:
    table = THEIRS.rows(THEIRS.convert_all(ROWS))
    found = rewriter(THEIRS, OURS)(table)
    assert isinstance(found, pa.Table)
    assert found.equals(OURS.rows(OURS.convert_all(ROWS)))


def test_what_both_read_alike_stays_as_it_is() -> None:
    batch = THEIRS.convert_all(ROWS)
    assert rewriter(THEIRS, reader(THEIRS.schema))(batch) is batch
    fixed = reader(Schema((Tensor("x", "float32", (2,)),), container="tensors"))
    free = reader(Schema((Tensor("x", "float32", (-1,)),), container="tensors"))
    tensors = {"x": np.ones((3, 2), dtype=np.float32)}
    found = rewriter(fixed, free)(tensors)
    assert isinstance(found, dict)
    assert np.array_equal(found["x"], tensors["x"])
