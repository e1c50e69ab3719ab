"""What clients sent comes back from the arrays of records, exactly, or is said to be untold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from tests.unit.monitor.observed_rows import FEED, SCHEMA, START, Pipe, answers, rows

from hythe.bundle.feed import Coded, Feed
from hythe.bundle.schema import Column, Schema
from hythe.monitor.records.arrays import together
from hythe.monitor.records.observing import CODES, NUMBERS, Observing
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.restore import Restored, Restorer
from hythe.monitor.records.sources import observing

EPOCH_S = (START - START.__class__(1970, 1, 1)) / timedelta(seconds=1)


def cells(found: Restored) -> list[Any]:
    """Write a column as values, None for missing, `...` for untold."""
    given = found.values if found.words is None else [found.words[place] for place in found.values]
    marks = zip(given, found.missing, found.untold, strict=True)
    return [... if untold else None if missing else value for value, missing, untold in marks]


@pytest.mark.parametrize("feed", [None, FEED], ids=["native", "compiled"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_value_comes_back_that_the_arrays_tell(feed: Feed | None, seed: int) -> None:
    pipe, data = Pipe(feed), rows(200, seed)
    pipe.put(data, answers(200, seed), tables=False)
    [(_, raw)] = pipe.ring.take()
    record = RecordReader()(raw)
    restorer = Restorer(SCHEMA, feed, observing(SCHEMA, pipe.baseline, feed))
    found = restorer(dict(together([record.inputs])), 200)
    assert restorer.unread == ()
    for name in ("charges", "visits"):
        assert cells(found[name]) == [row[name] for row in data]
    ratios = [None if row["ratio"] is None else float(np.float32(row["ratio"])) for row in data]
    assert cells(found["ratio"]) == ratios
    assert [None if cell is None else bool(cell) for cell in cells(found["paid"])] == [
        r["paid"] for r in data
    ]
    seconds = [
        None if (at := row["since"]) is None else EPOCH_S + (at - START).total_seconds() for row in data
    ]
    assert cells(found["since"]) == seconds
    assert cells(found["contract"]) == [row["contract"] for row in data]
    # The set of towns is not closed, and these are those of the baseline's rows.
    towns = {None, "A", "B", "C"}
    assert cells(found["town"]) == [row["town"] if row["town"] in towns else ... for row in data]


def test_sensitive_columns_and_those_left_out_are_never_restored() -> None:
    pipe = Pipe(FEED)
    restorer = Restorer(SCHEMA, FEED, observing(SCHEMA, pipe.baseline, FEED), leave_out=["visits"])
    names = {column.name for column in restorer.columns}
    assert names == {column.name for column in SCHEMA.columns} - {"name", "visits"}


def test_a_column_that_nothing_is_recorded_of_is_told() -> None:
    schema = Schema((Column("age", "int64"), Column("note", "string")))
    restorer = Restorer(schema, Feed(numbers=("age",)), Observing())
    assert ([column.name for column in restorer.columns], restorer.unread) == (["age"], ("note",))


def test_a_code_that_stands_for_two_things_is_told_by_the_table_beside_it() -> None:
    schema = Schema((Column("town", "string", nullable=True),))
    filled = Feed(codes=(Coded("town", ("Bath", "York"), (2, 3), missing=2, unseen=3),))
    arrays = {"codes": np.array([[2], [2], [3], [3]])}
    alone = Restorer(schema, filled, Observing())
    assert cells(alone(arrays, 4)["town"]) == [..., ..., ..., ...]
    beside = Restorer(schema, filled, Observing(Feed(codes=(Coded("town", ("Bath",)),))))
    found = beside({**arrays, CODES: np.array([[0], [2], [1], [1]])}, 4)
    assert cells(found["town"]) == [None, "Bath", ..., ...]


def test_where_nothing_can_be_missing_the_code_of_missing_is_the_other_thing() -> None:
    schema = Schema((Column("town", "string"),))
    feed = Feed(codes=(Coded("town", ("Bath", "York"), (2, 3), missing=2),))
    assert cells(Restorer(schema, feed, Observing())({"codes": np.array([[2], [3]])}, 2)["town"]) == [
        "Bath",
        "York",
    ]


def test_full_precision_beside_is_taken_before_rounded_numbers() -> None:
    schema = Schema((Column("x", "float64"),))
    restorer = Restorer(schema, Feed(numbers=("x",), single=("x",)), Observing(Feed(numbers=("x",))))
    arrays = {"numbers": np.array([[np.float64(np.float32(0.1))]]), NUMBERS: np.array([[0.1]])}
    assert cells(restorer(arrays, 1)["x"]) == [0.1]


def test_a_record_without_arrays_tells_nothing() -> None:
    schema = Schema((Column("age", "int64"), Column("town", "string")))
    feed = Feed(numbers=("age",), codes=(Coded("town", ("Bath",)),))
    found = Restorer(schema, feed, Observing())({}, 2)
    assert {name: cells(column) for name, column in found.items()} == {"age": [..., ...], "town": [..., ...]}
