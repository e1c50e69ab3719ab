"""Rows that are gathered a batch at a time become the table that they are."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hythe.bundle.rows import Rows
from hythe.bundle.schema import Column
from hythe.runtime.gather import Gatherer, Stack

COLUMNS = (
    Column("a", "float64"),
    Column("kind", "string", nullable=True),
    Column("b", "float64", nullable=True, null="none"),
    Column("n", "int64", nullable=True),
    Column("short", "float32", nullable=True),
)
CELLS: list[tuple[Any, ...]] = [
    (1.5, "x", float("nan"), 2**53, 0.1),
    (-0.0, None, None, None, None),
    (float("inf"), "", 2.0, -1, 3e38),
]


def gathered(*batches: list[tuple[Any, ...]], columns: tuple[Column, ...] = COLUMNS) -> Rows:
    gatherer = Gatherer(columns, {column.name: f"c{i}" for i, column in enumerate(columns)})
    for batch in batches:
        gatherer.add([SimpleNamespace(**{f"c{i}": cell for i, cell in enumerate(row)}) for row in batch])
    return gatherer.rows()


def expected() -> pa.Table:
    kinds = [pa.float64(), pa.string(), pa.float64(), pa.int64(), pa.float32()]
    cells = zip(*CELLS, strict=True)
    arrays = [pa.array(values, kind) for values, kind in zip(cells, kinds, strict=True)]
    return pa.table(arrays, names=[column.name for column in COLUMNS])


@pytest.mark.parametrize("batches", [[CELLS], [CELLS[:1], [], CELLS[1:]]], ids=["one", "several"])
def test_cells_come_through_with_their_types_and_gaps(batches: list[Any]) -> None:
    table, wanted = gathered(*batches), expected()
    assert isinstance(table, pa.Table)
    assert table.schema == wanted.schema
    for name in wanted.column_names:
        assert table[name].is_null().to_pylist() == wanted[name].is_null().to_pylist()
        left, right = (np.array(t[name].to_pylist(), dtype=object) for t in (table, wanted))
        assert [str(v) for v in left] == [str(v) for v in right]


def test_no_rows_are_an_empty_table() -> None:
    table = gathered()
    assert isinstance(table, pa.Table)
    assert table.num_rows == 0
    assert table.schema == expected().schema


@pytest.mark.parametrize("columns", [COLUMNS[:1], COLUMNS[1:2]], ids=["floats alone", "no floats"])
def test_one_column_is_enough(columns: tuple[Column, ...]) -> None:
    place = COLUMNS.index(columns[0])
    table = gathered([(row[place],) for row in CELLS], columns=columns)
    assert isinstance(table, pa.Table)
    assert table.column(0).to_pylist() == [row[place] for row in CELLS]


def test_tensors_are_put_behind_each_other() -> None:
    stack = Stack()
    for value in (1.0, 2.0):
        stack.add({"x": np.full((2, 3), value)})
    rows = stack.rows()
    assert isinstance(rows, dict)
    np.testing.assert_array_equal(rows["x"][:, 0], [1.0, 1.0, 2.0, 2.0])
