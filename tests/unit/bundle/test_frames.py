from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from hythe.base.errors import Invalid
from hythe.bundle.conform import conform
from hythe.bundle.frames import to_native, to_rows
from hythe.bundle.infer import infer

# pandas-stubs knows fewer calls than pandas takes
make: Any = pd.array
moments: Any = pd.to_datetime

ARROW_TEXT = pd.ArrowDtype(pa.string())
ARROW_TIME = pd.ArrowDtype(pa.timestamp("us", "UTC"))
COLUMNS: dict[str, Any] = {
    "float64 with NaN": [1.0, np.nan, -0.0],
    "float32": np.array([1, 2, 3], dtype=np.float32),
    "infinity": [np.inf, -np.inf, 1.0],
    "int8": np.array([1, 2, -3], dtype=np.int8),
    "uint64": np.array([1, 2, 3], dtype=np.uint64),
    "bool": [True, False, True],
    "str with NaN": pd.Series(["x", None, "é"], dtype="str"),
    "string with NA": make(["a", None, ""], dtype="string"),
    "string in python": make(["a", None, ""], dtype="string[python]"),
    "object text with None": pd.Series(["x", None, ""], dtype=object),
    "object text with NaN": pd.Series(["x", np.nan, ""], dtype=object),
    "object text with NA": pd.Series(["x", pd.NA, ""], dtype=object),
    "object bool": pd.Series([True, None, False], dtype=object),
    "object integers": pd.Series([1, np.nan, 2], dtype=object),
    "object floats with None": pd.Series([1.5, None, 2.5], dtype=object),
    "object floats with NaN": pd.Series([1.5, np.nan, 2.5], dtype=object),
    "Int64": make([1, None, 3], dtype="Int64"),
    "UInt8": make([1, 2, 3], dtype="UInt8"),
    "boolean": make([True, None, False], dtype="boolean"),
    "Float64": make([1.5, None, 2.5], dtype="Float64"),
    "category in declared order": pd.Categorical(["x", None, "x"], categories=["z", "x"]),
    "ordered category": pd.Categorical(["lo", "hi", "lo"], categories=["lo", "hi"], ordered=True),
    "category of integers": pd.Categorical([1, None, 2], categories=[2, 1]),
    "category of int8": pd.Categorical(np.array([1, 3, 2], dtype=np.int8)),
    "category of floats": pd.Categorical([1.5, 2, 1.5]),
    "category of booleans": pd.Categorical([True, False, True]),
    "category of objects": pd.Categorical(np.array(["a", "b", "a"], dtype=object)),
    "datetime": moments(["2020-01-01 00:00:00.0", None, "1969-12-31 23:59:59.5"]),
    "datetime in seconds": pd.Series(moments(["2020-01-01", None, "2021-01-01"])).astype("datetime64[s]"),
    "datetime with zone": moments(["2020-07-01", None, "2021-01-01"]).tz_localize("Europe/Berlin"),
    "datetime with offset": pd.date_range("2020-01-01", periods=3, tz="+02:00"),
    "arrow integers": make([1, None, 3], dtype="int64[pyarrow]"),
    "arrow doubles": make([1.5, None, 3], dtype="double[pyarrow]"),
    "arrow floats": make([1.5, None, 3], dtype="float[pyarrow]"),
    "arrow text": make(["x", None, "y"], dtype=ARROW_TEXT),
    "arrow time": make([pd.Timestamp("2020-01-01", tz="UTC"), None, None], dtype=ARROW_TIME),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_pandas_column_comes_back_with_its_dtype_its_values_and_its_mark_of_missing(name: Any) -> None:
    frame = pd.DataFrame({name: COLUMNS[name], "beside": [1, 2, 3]})
    back = to_native(to_rows(frame), infer(frame))
    pd.testing.assert_frame_equal(back, frame)
    assert [type(cell) for cell in back[name]] == [type(cell) for cell in frame[name]]


def test_one_row_of_a_frame_comes_back_too() -> None:
    frame = pd.DataFrame(COLUMNS)
    schema = infer(frame)
    pd.testing.assert_frame_equal(
        to_native(to_rows(frame.iloc[[0]]), schema), frame.iloc[[0]].reset_index(drop=True)
    )


def test_columns_keep_their_order_and_the_index_is_left_out() -> None:
    frame = pd.DataFrame({"b": [1, 2], "a": [3, 4]}, index=[7, 9])
    pd.testing.assert_frame_equal(to_native(to_rows(frame), infer(frame)), frame.reset_index(drop=True))


def test_integers_become_floats_when_a_row_lacks_one_as_pandas_itself_does() -> None:
    schema = infer(pd.DataFrame({"n": [1, 2]})).replacing("n", nullable=True)
    back = to_native(pa.table({"n": pa.array([1, None])}), schema)
    pd.testing.assert_frame_equal(back, pd.DataFrame({"n": [1, None]}))


def test_a_value_outside_the_declared_categories_is_never_taken_for_missing() -> None:
    schema = infer(pd.DataFrame({"c": pd.Categorical(["x", "y"])}))
    with pytest.raises(Invalid, match="column 'c' has the value 'z', which is not one of its categories"):
        to_native(pa.table({"c": ["x", "z"]}), schema)


def test_a_polars_frame_comes_back_with_its_dtypes() -> None:
    frame = pl.DataFrame(
        {
            "i": pl.Series([1, None], dtype=pl.Int16),
            "f": [1.5, float("nan")],
            "s": ["x", None],
            "c": pl.Series(["x", "y"], dtype=pl.Categorical),
            "e": pl.Series(["x", None], dtype=pl.Enum(["y", "x"])),
            "b": [True, None],
            "t": pl.Series([0, 1]).cast(pl.Datetime("ms", "UTC")),
        }
    )
    back = to_native(to_rows(frame), infer(frame))
    assert back.schema == frame.schema
    assert back.equals(frame)


def test_an_arrow_table_comes_back_with_its_types() -> None:
    table = pa.table(
        {
            "i": pa.array([1, None], pa.int16()),
            "l": pa.array(["a", None], pa.large_string()),
            "d": pa.array(["a", "b"]).dictionary_encode(),
            "t": pa.array([0, 1], pa.timestamp("ns", "UTC")),
        }
    )
    assert to_native(to_rows(table), infer(table)).equals(table)


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1, 2.5], [np.nan, np.inf]]),
        np.array([[1, 2]], dtype=np.int32),
        np.array([[1.5], [2.5]], dtype=np.float32),
        np.array([[True, False]]),
        np.array([["a", None], ["b", "c"]], dtype=object),
        np.array([[1, "a", 2.5], [2, "b", None]], dtype=object),
        np.array([["a", "b"]]),
        np.array([[1.0, 2.0]], dtype=">f8").astype(np.float64),
    ],
    ids=lambda a: str(a.dtype),
)
def test_a_two_dimensional_array_comes_back_with_its_dtype(array: Any) -> None:
    back = to_native(to_rows(array), infer(array))
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_the_columns_of_an_array_are_named_by_position() -> None:
    assert [c.name for c in infer(np.zeros((1, 3))).columns] == ["x0", "x1", "x2"]


@pytest.mark.parametrize(
    "examples",
    [
        [{"a": 1, "b": None}, {"a": 2, "b": "x"}],
        {"a": [1, 2], "b": ["x", None]},
        ["one text", "another"],
    ],
    ids=["dictionaries", "columns", "texts"],
)
def test_plain_python_data_comes_back_equal(examples: Any) -> None:
    assert to_native(to_rows(examples), infer(examples)) == examples


def test_a_list_of_lists_is_read_as_an_array() -> None:
    schema = infer([[1.5, 2.0], [3.0, 4.0]])
    assert schema.container == "numpy"
    assert to_native(to_rows([[1.5, 2.0]]), schema).tolist() == [[1.5, 2.0]]


def test_numbers_beside_texts_in_a_list_of_lists_stay_numbers() -> None:
    schema = infer([[1.5, "a"], [2.5, "b"]])
    assert [column.type for column in schema.columns] == ["float64", "string"]
    assert to_native(to_rows([[1.5, "a"]]), schema).tolist() == [[1.5, "a"]]


def test_what_a_model_is_given_may_be_written_into_as_the_users_own_data() -> None:
    frame = pd.DataFrame({"x": np.arange(3.0)})
    rows = to_rows(frame)
    given = to_native(rows, infer(frame))
    given.loc[0, "x"] = 9.0
    assert to_native(rows, infer(frame))["x"].tolist() == [0.0, 1.0, 2.0]
    columns = {"x": np.arange(3.0)}
    to_native(to_rows(columns), infer(columns))["x"][0] = 9.0
    assert columns["x"][0] == 0.0


def test_no_rows_come_back_as_no_rows() -> None:
    frame = pd.DataFrame(COLUMNS)
    schema = infer(frame)
    back = to_native(conform(to_rows(frame.iloc[:0]), schema), schema)
    pd.testing.assert_frame_equal(back, frame.iloc[:0])


def test_a_series_of_texts_comes_back_as_a_series() -> None:
    texts = pd.Series(["spam", "ham"])
    assert list(to_native(to_rows(texts), infer(texts))) == ["spam", "ham"]


def test_columns_given_as_arrays_come_back_as_arrays_of_their_dtype() -> None:
    examples = {"f": np.array([1, 2], dtype=np.float32), "s": np.array(["a", "b"])}
    back = to_native(to_rows(examples), infer(examples))
    assert back["f"].dtype == np.float32
    np.testing.assert_array_equal(back["s"], examples["s"])


def test_tensors_pass_and_a_bare_array_of_three_axes_comes_back_bare() -> None:
    pixels = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert to_native(to_rows({"pixels": pixels}), infer({"pixels": pixels}))["pixels"] is pixels
    np.testing.assert_array_equal(to_native(to_rows(pixels), infer(pixels)), pixels)


def test_ragged_tensors_stay_ragged_and_one_row_of_them_is_dense() -> None:
    tokens = {"ids": [np.array([1, 2, 3]), np.array([4])]}
    schema = infer(tokens)
    assert schema.tensors[0].shape == (-1,)
    rows = to_rows(tokens)
    assert [cell.tolist() for cell in to_native(rows, schema)["ids"]] == [[1, 2, 3], [4]]
    assert isinstance(rows, dict)
    assert to_native({"ids": rows["ids"][:1]}, schema)["ids"].tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (42, "examples are int; give a pandas"),
        ({"a": 1}, "'a' is a single value"),
        ([{"a": 1}, 2], "row 1 is int, not a dictionary"),
        ({"a": [1], "b": [1, 2]}, "different numbers of rows"),
        (np.zeros(3), r"one axis and hold float64; .*reshape\(-1, 1\)"),
        (np.zeros(2, dtype=[("a", "f8")]), "array of records"),
        ([[1, 2], [3]], "lists of different lengths"),
        ({"a": np.zeros((2, 2)), "b": np.zeros((3, 2))}, "different numbers of rows"),
        ({1: [1, 2]}, "column name 1 is int, not str"),
    ],
    ids=str,
)
def test_data_of_an_unknown_shape_is_refused_with_the_remedy(examples: Any, message: Any) -> None:
    with pytest.raises(Invalid, match=message):
        to_rows(examples)


def test_rows_with_a_repeated_column_are_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(Invalid, match="column 'a' appears more than once"):
        to_rows(frame)
