from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from hythe.base.errors import Invalid
from hythe.bundle.infer import infer
from hythe.bundle.schema import Column, Output, Schema, Tensor


def only(examples: object) -> Column:
    (column,) = infer(examples).columns
    return column


def test_names_types_and_nullability_are_told_from_examples() -> None:
    frame = pd.DataFrame({"n": [1, 2], "f": [1.0, np.nan], "s": ["a", None]})
    assert [(c.name, c.type, c.nullable) for c in infer(frame).columns] == [
        ("n", "int64", False),
        ("f", "float64", True),
        ("s", "string", True),
    ]


def test_declared_categories_keep_their_order_even_when_unused() -> None:
    column = only(pd.DataFrame({"c": pd.Categorical(["b"], categories=["z", "b", "a"])}))
    assert column.categories == ("z", "b", "a")
    assert column.type == "category"


def test_a_polars_enum_is_a_closed_set_and_a_categorical_is_not() -> None:
    assert only(pl.DataFrame({"c": pl.Series(["x"], dtype=pl.Enum(["y", "x"]))})).categories == ("y", "x")
    assert only(pl.DataFrame({"c": pl.Series(["x"], dtype=pl.Categorical)})).type == "string"


def test_time_zones_are_kept() -> None:
    frame = pd.DataFrame({"t": pd.to_datetime(["2020-01-01"]).tz_localize("Europe/Berlin")})
    assert only(frame).zone == "Europe/Berlin"
    assert only([{"t": datetime(2020, 1, 1, tzinfo=UTC)}]).zone == "UTC"
    assert only([{"t": datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=-3)))}]).zone == "-03:00"
    assert only([{"t": datetime(2020, 1, 1)}]).zone == ""  # noqa: DTZ001 - a naive time is the point


def test_booleans_with_missing_values_stay_booleans() -> None:
    column = only(pd.DataFrame({"b": pd.Series([True, None], dtype=object)}))
    assert (column.type, column.nullable, column.null) == ("bool", True, "none")


def test_integers_among_floats_are_floats() -> None:
    assert only([{"x": 1}, {"x": 2.5}]).type == "float64"


def test_sensitive_columns_are_marked_and_outputs_pass_through() -> None:
    output = Output("value", "float64")
    schema = infer({"a": [1], "b": [2]}, sensitive={"b"}, outputs=[output])
    assert [c.sensitive for c in schema.columns] == [False, True]
    assert schema.outputs == (output,)


def test_tensors_are_described_without_the_row_axis() -> None:
    schema = infer({"image": np.zeros((5, 8, 8), dtype=np.uint8), "age": np.zeros(5)})
    assert schema.inputs == (Tensor("image", "uint8", (8, 8)), Tensor("age", "float64", ()))


def test_replacing_changes_one_input_and_names_the_known_ones_when_there_is_none() -> None:
    schema = Schema((Column("a", "int64"), Column("b", "bool")))
    assert schema.replacing("a", nullable=True).columns == (
        Column("a", "int64", nullable=True),
        Column("b", "bool"),
    )
    with pytest.raises(Invalid, match="there is no input 'c'; the inputs are 'a', 'b'"):
        schema.replacing("c", nullable=True)


REFUSED = {
    "nested dictionaries": (pd.DataFrame({"x": [{"a": 1}]}), "column 'x' holds dict.*flatten it"),
    "nested lists": (pd.DataFrame({"x": [[1, 2]]}), "column 'x' holds list.*tensors"),
    "arrow lists": (pa.table({"x": [[1, 2]]}), "column 'x' holds list<.*flatten it"),
    "polars lists": (pl.DataFrame({"x": [[1, 2]]}), "column 'x' holds List.*flatten it"),
    "text and numbers": (pd.DataFrame({"x": ["a", 1]}), r"column 'x' holds mixed types \(int64 and string\)"),
    "booleans and numbers": (pd.DataFrame({"x": [True, 1.5]}, dtype=object), "mixed types"),
    "complex": (pd.DataFrame({"x": [1j]}), "column 'x' holds complex.*real and an imaginary"),
    "decimals": (pd.DataFrame({"x": [Decimal("1.5")]}), "column 'x' holds Decimal.*convert it to float"),
    "arrow decimals": (pa.table({"x": [Decimal("1.5")]}), "column 'x' holds decimal128.*convert it to float"),
    "bytes": (pd.DataFrame({"x": [b"a"]}), "column 'x' holds bytes.*decode it"),
    "dates": ([{"x": date(2020, 1, 1)}], "column 'x' holds date.*timestamp"),
    "durations": (pd.DataFrame({"x": pd.to_timedelta([1])}), "column 'x' holds timedelta.*seconds"),
    "polars durations": (pl.DataFrame({"x": [timedelta(1)]}), "column 'x' holds Duration.*seconds"),
    "periods": (pd.DataFrame({"x": pd.period_range("2020", periods=1)}), "column 'x' holds period"),
    "sparse": (pd.DataFrame({"x": pd.arrays.SparseArray([0, 1])}), r"to_dense\(\)"),
    "float16": (pd.DataFrame({"x": np.zeros(1, np.float16)}), "column 'x' holds float16.*float32"),
    "big integers": ([{"x": 2**53 + 1}], r"integer 9007199254740993, beyond ±2\*\*53"),
    "huge integers": ([{"x": 2**70}], "column 'x' cannot be read as int64"),
    "two marks of missing": (pd.DataFrame({"x": ["a", None, np.nan]}, dtype=object), "two marks of missing"),
    "intervals": (pd.DataFrame({"x": pd.cut([1, 2], 2)}), "column 'x' holds categories of interval"),
    "mixed categories": (pd.DataFrame({"x": pd.Categorical(["a", 1])}), "column 'x' holds mixed types"),
    "no categories": (pd.DataFrame({"x": pd.Categorical([None])}), "category without categories"),
    "only missing": (pd.DataFrame({"x": [None, None]}, dtype=object), "only missing values"),
    "repeated names": (pd.DataFrame([[1, 2]], columns=["x", "x"]), "column 'x' appears more than once"),
    "number as name": (pd.DataFrame({0: [1]}), "column name 0 is int, not str; rename"),
    "empty name": (pd.DataFrame({"": [1]}), "empty name"),
    "no rows": (pd.DataFrame({"x": []}), "no rows"),
    "an empty list": ([], "no rows"),
    "no columns": (pd.DataFrame(index=[0, 1]), "no columns"),
    "sparse matrix": (sparse.csr_matrix((2, 2)), r"sparse matrix; give examples.toarray\(\)"),
    "complex array": (np.zeros((1, 1), complex), "column 'x0' holds complex"),
    "bytes array": (np.array([[b"a"]]), "column 'x0' holds bytes"),
    "several time zones": (
        [{"x": datetime(2020, 1, 1, tzinfo=UTC)}, {"x": datetime(2020, 1, 1)}],  # noqa: DTZ001 - the point
        "timestamps of several time zones",
    ),
    "complex tensor": ({"x": np.zeros((1, 2), complex)}, "tensor 'x' has dtype complex128"),
    "ragged in rank": ({"x": [np.zeros(2), np.zeros((2, 2))]}, "different dtypes or numbers of axes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_schema_cannot_express_is_refused_with_name_type_and_remedy(case: Any) -> None:
    examples, message = REFUSED[case]
    with pytest.raises(Invalid, match=message):
        infer(examples)


def test_an_unknown_sensitive_column_is_refused() -> None:
    with pytest.raises(Invalid, match="sensitive column 'ssn' is not in the examples; they have a"):
        infer({"a": [1]}, sensitive={"ssn"})
