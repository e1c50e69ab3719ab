"""Rows become the same tensors whether they come as objects or as a table."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from hythe.bundle.feed import FIRST, MISSING, UNSEEN, Coded, Feed, Text
from hythe.runtime.feeder import Feeder

TABLE = pa.table(
    {
        "age": pa.array([41.5, None, 3.0]),
        "count": pa.array([1, 2, None], pa.int64()),
        "new": pa.array([True, None, False]),
        "short": pa.array([0.1, 1e300, None], pa.float64()),
        "plan": pa.array(["gold", None, "tin"]),
        "size": pa.array([2, 3, None], pa.int64()),
        "note": pa.array(["a b", None, "b b"]),
    }
)
FEED = Feed(
    numbers=("age", "count", "new", "short"),
    single=("short",),
    codes=(
        Coded("plan", ("gold", "silver")),
        Coded("size", (2, 3)),
        Coded("plan", ("gold", "tin", "silver"), codes=(5, 5, 4), missing=4, unseen=0),
        Coded("plan", ()),
    ),
    texts=(Text("note", ("b", "a"), token_pattern=r"\w"),),
)


def test_numbers_are_doubles_and_missing_ones_nan() -> None:
    numbers = Feeder(FEED).from_rows(TABLE)["numbers"]
    wanted = [
        [41.5, 1.0, 1.0, np.float32(0.1)],
        [np.nan, 2.0, np.nan, np.inf],
        [3.0, np.nan, 0.0, np.nan],
    ]
    np.testing.assert_array_equal(numbers, wanted)


def test_values_become_codes_missing_and_unseen_ones_too() -> None:
    codes = Feeder(FEED).from_rows(TABLE)["codes"]
    wanted = [
        [FIRST, FIRST, 5, UNSEEN],
        [MISSING, FIRST + 1, 4, MISSING],
        [UNSEEN, MISSING, 5, UNSEEN],
    ]
    np.testing.assert_array_equal(codes, wanted)


@pytest.mark.parametrize("rows", [[0, 1, 2], [1]], ids=["several", "one"])
def test_objects_become_what_a_table_becomes(rows: list[int]) -> None:
    feeder = Feeder(FEED, {name: f"field_{name}" for name in TABLE.column_names})
    table = TABLE.take(rows)
    objects = [
        SimpleNamespace(**{f"field_{name}": cell for name, cell in row.items()}) for row in table.to_pylist()
    ]
    wanted, got = feeder.from_rows(table), feeder.from_objects(objects)
    assert wanted.keys() == got.keys() == {"numbers", "codes", "text_0"}
    for name, tensor in wanted.items():
        np.testing.assert_array_equal(got[name], tensor)
        assert got[name].dtype == tensor.dtype


def test_categories_in_a_dictionary_array_are_read_as_their_values() -> None:
    table = TABLE.set_column(4, "plan", TABLE["plan"].dictionary_encode())
    np.testing.assert_array_equal(
        Feeder(FEED).from_rows(table)["codes"], Feeder(FEED).from_rows(TABLE)["codes"]
    )


def test_documents_are_counted() -> None:
    np.testing.assert_array_equal(
        Feeder(FEED).from_rows(TABLE)["text_0"], [[1.0, 1.0], [np.nan, np.nan], [2.0, 0.0]]
    )
