"""What users bring arrives as it was meant."""

import datetime as dt
import io
import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from hythe.base.errors import Invalid
from hythe.client.rows import ARROW, JSON, Body, body_of

MANY = 100


def table_of(body: Body) -> pa.Table:
    assert body.media == ARROW
    return pa.ipc.open_stream(io.BytesIO(body.content)).read_all()


def document_of(body: Body) -> Any:
    assert body.media == JSON
    return json.loads(body.content)


def test_rows_travel_as_json() -> None:
    rows = [{"a": 1, "when": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)}, {"a": None, "when": None}]
    assert document_of(body_of(rows)) == {
        "rows": [{"a": 1, "when": "2026-01-02T00:00:00Z"}, {"a": None, "when": None}]
    }


def test_scalars_of_numpy_and_pandas_are_plain_numbers_and_times() -> None:
    row = {
        "i": np.int64(3),
        "f": np.float64(0.5),
        "g": np.float32(0.5),
        "b": np.bool_(True),
        "n": float("nan"),
        "t": pd.Timestamp("2026-01-02T03:04:05Z"),
        "m": pd.NaT,
        "a": pd.NA,
        "d": np.datetime64("2026-01-02T03:04:05", "ns"),
    }
    assert document_of(body_of(row)) == {
        "rows": [
            {
                "i": 3,
                "f": 0.5,
                "g": 0.5,
                "b": True,
                "n": None,
                "t": "2026-01-02T03:04:05+00:00",
                "m": None,
                "a": None,
                "d": "2026-01-02T03:04:05.000000000",
            }
        ]
    }


def test_a_few_columns_travel_as_json_and_many_rows_as_arrow() -> None:
    assert document_of(body_of({"x": np.array([1.5, np.nan]), "w": ["a", "b"]})) == {
        "columns": {"x": [1.5, None], "w": ["a", "b"]}
    }
    many = table_of(body_of({"x": np.arange(MANY), "w": ["a"] * MANY}))
    assert many.to_pydict() == {"x": list(range(MANY)), "w": ["a"] * MANY}


def test_times_of_numpy_travel_as_arrow_however_few() -> None:
    times = np.array(["2026-01-02T03:04:05"], "datetime64[ns]")
    assert table_of(body_of({"t": times})).column("t").type == pa.timestamp("ns")


def test_tensors_travel_as_nested_lists() -> None:
    assert document_of(body_of({"pixels": np.eye(2)[None]})) == {"columns": {"pixels": [[[1, 0], [0, 1]]]}}


def test_an_infinity_is_never_sent_as_null() -> None:
    assert table_of(body_of([{"x": float("inf")}, {"x": 1.0}])).to_pydict() == {"x": [float("inf"), 1.0]}
    assert table_of(body_of({"x": [1.0, float("-inf")]})).to_pydict() == {"x": [1.0, float("-inf")]}
    assert table_of(body_of({"x": np.array([np.inf])})).to_pydict() == {"x": [float("inf")]}


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"x": [1, 2], "w": ["a", None]}, index=["p", "q"]),
        pl.DataFrame({"x": [1, 2], "w": ["a", None]}),
        pa.table({"x": [1, 2], "w": ["a", None]}),
        pa.record_batch({"x": [1, 2], "w": ["a", None]}),
    ],
    ids=["pandas", "polars", "arrow", "batch"],
)
def test_tables_of_every_library_travel_as_arrow(table: Any) -> None:
    assert table_of(body_of(table)).to_pydict() == {"x": [1, 2], "w": ["a", None]}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("text", "the rows are a str"),
        (7, "the rows are a int"),
        ([1, 2], "the rows are a list"),
        ({"a": [1], "b": [1, 2]}, r"differ in length \(a: 1, b: 2\)"),
        ({"a": [1], "b": 2}, r"differ in length \(a: 1, b: no list\)"),
        ([{"x": object()}], "cannot be written as JSON"),
        ({"x": [1, "a"] * MANY}, "do not make a table"),
    ],
)
def test_what_is_no_rows_is_refused_with_the_reason(data: Any, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        body_of(data)
