"""Laws of the way from the user's data to rows and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing.parametric import dataframes

from hythe.bundle.conform import conform
from hythe.bundle.frames import to_native, to_rows
from hythe.bundle.infer import infer

INTEGERS = st.integers(-(2**53), 2**53)
FLOATS = st.floats(allow_nan=True)
TEXT = st.text(max_size=5)


def column(rows: int) -> st.SearchStrategy[Any]:
    """Make one pandas column of `rows` values, some missing where its dtype can hold that."""

    def cells(values: st.SearchStrategy[Any], *, missing: bool) -> st.SearchStrategy[list[Any]]:
        first = st.lists(values, min_size=1, max_size=1)
        rest = st.lists(st.none() | values if missing else values, min_size=rows - 1, max_size=rows - 1)
        return st.tuples(first, rest).map(lambda pair: pair[0] + pair[1])

    make: Any = pd.Series
    kinds = [
        cells(FLOATS, missing=False).map(lambda v: make(v, dtype="float64")),
        cells(st.floats(width=32), missing=False).map(lambda v: make(v, dtype="float32")),
        cells(INTEGERS, missing=False).map(lambda v: make(v, dtype="int64")),
        cells(INTEGERS, missing=True).map(lambda v: make(v, dtype="Int64")),
        cells(INTEGERS, missing=True).map(lambda v: make(v, dtype=object)),
        cells(st.booleans(), missing=False).map(lambda v: make(v, dtype="bool")),
        cells(st.booleans(), missing=True).map(lambda v: make(v, dtype="boolean")),
        cells(TEXT, missing=True).map(lambda v: make(v, dtype="string")),
        cells(TEXT, missing=True).map(lambda v: make(v, dtype=object)),
        cells(TEXT, missing=True).map(lambda v: make(pd.Categorical(v))),
        cells(INTEGERS, missing=True).map(lambda v: make(pd.Categorical(v, ordered=True))),
        cells(st.datetimes().map(pd.Timestamp), missing=True).map(lambda v: make(v, dtype="datetime64[us]")),
    ]
    return st.one_of(kinds)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(1, 6))
    names = draw(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=4, unique=True))
    return pd.DataFrame({name: draw(column(rows)) for name in names})


@given(frames())
@settings(max_examples=80, deadline=None)
def test_a_pandas_frame_comes_back_equal_in_values_dtypes_and_order(frame: pd.DataFrame) -> None:
    back = to_native(to_rows(frame), infer(frame))
    pd.testing.assert_frame_equal(back, frame, check_exact=True)


@given(frames())
@settings(max_examples=30, deadline=None)
def test_what_a_schema_was_told_from_conforms_to_it_unchanged(frame: pd.DataFrame) -> None:
    rows = to_rows(frame)
    again = conform(rows, infer(frame))
    assert isinstance(rows, pa.Table)
    assert isinstance(again, pa.Table)
    assert again.schema == rows.schema
    pd.testing.assert_frame_equal(again.to_pandas(), rows.to_pandas())


@given(frames(), st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_columns_given_does_not_matter(frame: pd.DataFrame, random: Any) -> None:
    shuffled = list(frame.columns)
    random.shuffle(shuffled)
    schema = infer(frame)
    rows = conform(to_rows(frame[shuffled]), schema)
    pd.testing.assert_frame_equal(to_native(rows, schema), frame)


@given(dataframes(min_size=1, max_size=5, allowed_dtypes=[pl.Int32, pl.Float64, pl.String, pl.Boolean]))
@settings(max_examples=30, deadline=None)
def test_a_polars_frame_comes_back_equal(frame: pl.DataFrame) -> None:
    assume(frame.width and "" not in frame.columns)
    back = to_native(to_rows(frame), infer(frame))
    assert back.schema == frame.schema
    assert back.equals(frame)


@given(
    st.lists(st.lists(st.floats(allow_nan=True), min_size=3, max_size=3), min_size=1, max_size=5),
    st.sampled_from(["float64", "float32"]),
)
@settings(max_examples=30, deadline=None)
def test_an_array_comes_back_bit_by_bit(values: list[list[float]], dtype: str) -> None:
    with np.errstate(over="ignore"):
        array = np.array(values).astype(dtype)
    back = to_native(to_rows(array), infer(array))
    assert back.tobytes() == array.tobytes()
