from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hythe.base.errors import Invalid
from hythe.bundle.conform import conform
from hythe.bundle.schema import Column, Schema, Tensor


def through(column: Column, values: list[Any], kind: pa.DataType | None = None) -> pa.Array:
    table = conform(pa.table({column.name: pa.array(values, kind)}), Schema((column,)))
    assert isinstance(table, pa.Table)
    return table.column(0).combine_chunks()


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        (Column("a", "int64"), [1.0, 2.0], [1, 2]),
        (Column("a", "int8"), [1, -128], [1, -128]),
        (Column("a", "float64"), [1, 2], [1.0, 2.0]),
        (Column("a", "bool"), [0, 1], [False, True]),
        (Column("a", "int64", nullable=True), [1.0, float("nan")], [1, None]),
        (Column("a", "float32"), [0.1], [float(np.float32(0.1))]),
        (Column("a", "category", categories=(1, 2)), [2.0, 1.0], [2, 1]),
        (Column("a", "string", nullable=True), [None, None], [None, None]),
    ],
    ids=str,
)
def test_values_are_cast_where_none_changes(column: Any, values: Any, expected: Any) -> None:
    assert through(column, values).to_pylist() == expected


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (
            Column("a", "int64"),
            [1.0, 1.5],
            r"column 'a', row 1: 1\.5 does not fit; expected a number that int64",
        ),
        (Column("a", "int8"), [1, 300], "row 1: 300 does not fit"),
        (Column("a", "uint8"), [0, -1], "row 1: -1 does not fit"),
        (Column("a", "int64"), ["x"], "row 0: 'x' does not fit; expected a number that int64 holds exactly"),
        (Column("a", "bool"), [1, 2], "row 1: 2 does not fit; expected true or false"),
        (Column("a", "string"), [1], "row 0: 1 does not fit; expected a string"),
        (Column("a", "float64"), [1, 2**53 + 1], "row 1: 9007199254740993 does not fit"),
        (Column("a", "int64"), [0, 2**53 + 1], r"row 1: 9007199254740993 .* integer within ±2\*\*53"),
        (Column("a", "float32"), [0.0, 1e39], r"row 1: 1e\+39 does not fit; expected .* range of float32"),
        (Column("a", "int64"), [1, None], "row 1: the value is missing; expected a number"),
        (Column("a", "float64"), [1.0, float("nan")], "row 1"),
        (
            Column("a", "int64", minimum=0),
            [1, -1],
            "row 1: -1 does not fit; expected a number from 0.* to inf",
        ),
        (Column("a", "float64", maximum=1.0), [0.5, 2.0], "row 1: 2.0 does not fit"),
        (
            Column("a", "category", categories=("x",)),
            ["x", "z"],
            "row 1: 'z' does not fit; expected one of 'x'",
        ),
        (Column("a", "timestamp", zone="UTC"), ["2020-01-01"], "timestamp with a time zone"),
        (Column("a", "timestamp"), ["soon"], "row 0: 'soon' does not fit; expected a timestamp without"),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_refused_with_its_place_and_what_was_expected(
    column: Any, values: Any, message: Any
) -> None:
    with pytest.raises(Invalid, match=message):
        through(column, values)


@pytest.mark.parametrize(
    "kind",
    [pa.timestamp("ns", "Mars/Base"), pa.timestamp("s")],
    ids=["zone", "year"],
)
def test_a_time_that_python_cannot_show_is_refused_by_its_type(kind: pa.DataType) -> None:
    with pytest.raises(Invalid, match=r"column 'a', row 0: .*cannot be shown.* expected a string"):
        through(Column("a", "string"), [2**62], kind)


def test_infinities_and_nan_pass_where_floats_are_nullable() -> None:
    column = Column("a", "float64", nullable=True)
    back = through(column, [float("inf"), float("nan"), None])
    assert back.null_count == 1
    assert np.isinf(back[0].as_py())
    assert np.isnan(back[1].as_py())


def test_timestamps_are_read_from_rfc_3339_and_from_other_units() -> None:
    column = Column("a", "timestamp", unit="us", zone="UTC")
    moment = pa.scalar(1_577_836_800_000_000, pa.timestamp("us", "UTC"))
    assert through(column, ["2020-01-01T00:00:00Z"])[0] == moment
    assert through(column, ["2020-01-01T01:00:00+01:00"])[0] == moment
    assert through(column, [1_577_836_800], pa.timestamp("s", "Europe/Berlin"))[0] == moment


def test_a_timestamp_is_never_cut_to_a_coarser_unit() -> None:
    with pytest.raises(Invalid, match="row 0"):
        through(Column("a", "timestamp", unit="s"), [1001], pa.timestamp("ms"))


def test_columns_are_reordered_and_a_nullable_one_may_be_left_out() -> None:
    schema = Schema((Column("a", "int64"), Column("b", "string", nullable=True), Column("c", "bool")))
    table = conform(pa.table({"c": [True], "a": [1]}), schema)
    assert table.to_pydict() == {"a": [1], "b": [None], "c": [True]}  # type: ignore[union-attr]


def test_a_column_that_is_needed_and_missing_is_named() -> None:
    with pytest.raises(Invalid, match="column 'b' is missing; give a bool for each row"):
        conform(pa.table({"a": [1]}), Schema((Column("a", "int64"), Column("b", "bool"))))


def test_an_extra_column_is_refused_or_dropped() -> None:
    schema = Schema((Column("a", "int64"),))
    table = pa.table({"a": [1], "z": [2]})
    with pytest.raises(Invalid, match="column 'z' is not one that the model takes"):
        conform(table, schema)
    assert conform(table, schema, extra="drop").column_names == ["a"]  # type: ignore[union-attr]


def test_dictionary_encoded_and_large_strings_are_strings() -> None:
    column = Column("a", "string")
    assert through(column, ["x"], pa.large_string()).type == pa.string()
    encoded = conform(pa.table({"a": pa.array(["x"]).dictionary_encode()}), Schema((column,)))
    assert isinstance(encoded, pa.Table)
    assert encoded["a"].type == pa.string()


def test_tensors_are_cast_and_their_shapes_checked() -> None:
    schema = Schema((Tensor("x", "float32", (2, -1)),), container="tensors")
    back = conform({"x": np.zeros((3, 2, 5))}, schema)
    assert isinstance(back, dict)
    assert back["x"].dtype == np.float32
    with pytest.raises(Invalid, match=r"tensor 'x', row 0: has shape \[3, 5\]; expected \[2, any\]"):
        conform({"x": np.zeros((3, 3, 5))}, schema)
    with pytest.raises(Invalid, match=r"tensor 'x' is missing; give float32\[2, any\]"):
        conform({"y": np.zeros((3, 2, 5))}, schema, extra="drop")
    with pytest.raises(Invalid, match="has dtype <U1; expected values that float32 holds"):
        conform({"x": np.full((1, 2, 1), "a")}, schema)


def test_tensor_values_that_would_change_are_refused() -> None:
    schema = Schema((Tensor("ids", "int32", (-1,)),), container="tensors")
    with pytest.raises(Invalid, match="tensor 'ids' has dtype int64"):
        conform({"ids": np.array([[2**40]])}, schema)


def test_each_row_of_a_ragged_tensor_is_checked() -> None:
    schema = Schema((Tensor("ids", "int64", (-1,)),), container="tensors")
    ragged = np.empty(2, dtype=object)
    ragged[:] = [np.array([1, 2], dtype=np.int32), np.zeros((1, 1), dtype=np.int32)]
    with pytest.raises(Invalid, match=r"row 1: has shape \[1, 1\]; expected \[any\]"):
        conform({"ids": ragged}, schema)


def test_columns_for_a_tensor_model_are_refused() -> None:
    with pytest.raises(Invalid, match="the model takes tensors, and was given columns"):
        conform(pa.table({"x": [1]}), Schema((Tensor("x", "int64", ()),)))
