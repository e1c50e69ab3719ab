"""Equal input has one key, however it was written; other input has another."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.bundle.schema import Column, Schema
from hythe.runtime.batch import reader
from hythe.runtime.feeder import Feeder
from hythe.runtime.input_key import input_key
from hythe.testing.tiny import tiny_classifier

TINY = tiny_classifier()
ROWS = reader(TINY.schema)
FEEDER = Feeder(TINY.variant.feed, ROWS.fields)


def key(body: bytes) -> bytes:
    return input_key(FEEDER.from_objects(ROWS.decode(body)))


SAME = [
    b'{"rows": [{"tenure": 4, "total charges": null, "contract": "monthly"}]}',
    b'{"rows": [{"contract": "monthly", "tenure": 4}]}',
    b'{"columns": {"total charges": [null], "tenure": [4], "contract": ["monthly"]}}',
    b'  {"tenure":4.0,\n"contract":"monthly"}  ',
]


@pytest.mark.parametrize("body", SAME, ids=range(len(SAME)))
def test_bodies_that_mean_the_same_rows_have_one_key(body: bytes) -> None:
    assert key(body) == key(SAME[0])


def test_a_table_has_the_key_of_the_same_rows_in_json() -> None:
    table = pa.table({"tenure": [4], "total charges": [1.0], "contract": ["monthly"]})
    assert input_key(FEEDER.from_rows(table)) == key(
        b'{"tenure": 4, "total charges": 1, "contract": "monthly"}'
    )


def test_rows_that_differ_have_keys_that_differ() -> None:
    bodies = [
        b'{"rows": [{"tenure": 5, "contract": "monthly"}]}',
        b'{"rows": [{"tenure": 4, "contract": "yearly"}]}',
        b'{"rows": [{"tenure": 4, "contract": "monthly"}, {"tenure": 4, "contract": "monthly"}]}',
        b'{"rows": [{"tenure": 4, "total charges": 0, "contract": "monthly"}]}',
    ]
    assert len({key(body) for body in [*bodies, SAME[0]]}) == 5


ARRAYS: list[dict[str, Any]] = [
    {"a": np.zeros((1, 2))},
    {"a": np.zeros((2, 1))},
    {"a": np.zeros((1, 2), dtype=np.float32)},
    {"a": np.zeros((1, 2), dtype=np.int64)},
    {"b": np.zeros((1, 2))},
    {"a": np.zeros((1, 1)), "b": np.zeros((1, 1))},
    {"a": np.array([["x", "y"]], dtype=object)},
    {"a": np.array([["xy", ""]], dtype=object)},
    {"a": np.array([["0.0", "0.0"]])},
    {"a": -np.zeros((1, 2))},
    {"a": np.empty((0, 2))},
]


def test_names_types_and_shapes_count() -> None:
    assert len({input_key(arrays) for arrays in ARRAYS}) == len(ARRAYS)


def test_texts_count_and_not_how_numpy_holds_them() -> None:
    texts = ["a", "longer"]
    assert input_key({"t": np.array(texts)}) == input_key({"t": np.array(texts, dtype=object)})
    assert input_key({"t": np.array(texts, dtype="<U50")}) == input_key({"t": np.array(texts)})


def test_ragged_tensors_have_keys() -> None:
    def ragged(*rows: list[float]) -> bytes:
        cells = np.empty(len(rows), dtype=object)
        cells[:] = [np.array(row) for row in rows]
        return input_key({"x": cells})

    assert ragged([1.0], [2.0, 3.0]) == ragged([1.0], [2.0, 3.0])
    assert ragged([1.0], [2.0, 3.0]) != ragged([1.0, 2.0], [3.0])


def test_arrays_count_by_their_cells_and_not_by_their_memory() -> None:
    cells = np.arange(6.0).reshape(2, 3)
    assert input_key({"a": np.asfortranarray(cells)}) == input_key({"a": cells})
    assert input_key({"a": np.arange(12.0)[::2]}) == input_key({"a": np.array([0.0, 2, 4, 6, 8, 10])})


def test_what_is_neither_text_nor_number_has_no_key() -> None:
    with pytest.raises(TypeError):
        input_key({"a": np.array([object()], dtype=object)})


def table(cells: list[Any]) -> pa.Table:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return pa.table(
        {
            "number": pa.array(cells, pa.float64()),
            "flag": pa.array([None if c is None else c > 0 for c in cells], pa.bool_()),
            "text": pa.array([None if c is None else str(c) for c in cells], pa.string()),
            "when": pa.array([None if c is None else moment for c in cells], pa.timestamp("us", "UTC")),
            "whole": pa.array([None if c is None else 2**53 - 1 for c in cells], pa.int64()),
        }
    )


CELLS = st.lists(st.none() | st.integers(-3, 3).map(float), min_size=1, max_size=20)


@given(CELLS, CELLS, st.data())
def test_a_table_counts_by_its_cells_and_not_by_its_memory(
    cells: list[Any], others: list[Any], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(cells)))
    chunked = pa.concat_tables([table([9.0, *cells]).slice(1, at), table(cells).slice(at)])
    assert input_key(chunked) == input_key(table(cells))
    assert (input_key(table(cells)) == input_key(table(others))) == (cells == others)


def test_rows_of_a_native_model_have_the_key_of_their_table() -> None:
    rows = reader(Schema((Column("x", "float64", nullable=True), Column("t", "string"))))
    one = rows.rows(rows.decode(b'{"rows": [{"t": "a"}]}'))
    other = rows.rows(rows.decode(b'{"columns": {"x": [null], "t": ["a"]}}'))
    assert input_key(one) == input_key(other)
