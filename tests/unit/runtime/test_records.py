"""Rows are decoded as the schema says; what is wrong is named by path, value and what was expected."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.base.errors import Invalid, Malformed
from hythe.bundle.schema import EXACT_INTEGER, Column, Schema
from hythe.runtime.records import Records

SCHEMA = Schema(
    (
        Column("tenure", "int64", minimum=0, maximum=72),
        Column("class", "string", nullable=True),
        Column("total charges", "float64", nullable=True),
        Column("1st", "bool"),
        Column("contract", "category", categories=("monthly", "yearly")),
        Column("seen", "timestamp", nullable=True, zone="UTC"),
        Column("ratio", "float32"),
    )
)
ROW: dict[str, Any] = {
    "tenure": 4,
    "class": "a",
    "total charges": 1.5,
    "1st": True,
    "contract": "monthly",
    "seen": "2026-01-02T03:04:05Z",
    "ratio": 0.5,
}
records = Records(SCHEMA)


def cells(row: Any) -> dict[str, Any]:
    return {name: getattr(row, field) for name, field in records.fields.items()}


def decode(document: Any) -> list[dict[str, Any]]:
    return [cells(row) for row in records.decode(json.dumps(document).encode())]


def test_rows_columns_and_a_bare_row_mean_the_same() -> None:
    expected = {**ROW, "seen": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}
    assert decode({"rows": [ROW, ROW]}) == [expected, expected]
    assert decode({"columns": {name: [value, value] for name, value in ROW.items()}}) == [expected, expected]
    assert decode(ROW) == [expected]


def test_a_nullable_column_may_be_null_or_left_out() -> None:
    row = {name: value for name, value in ROW.items() if name not in {"class", "seen"}}
    assert decode({"rows": [row | {"total charges": None}]})[0] | {"seen": 0} == {
        **ROW, "class": None, "total charges": None, "seen": 0,
    }  # fmt: skip
    columns = {name: [value] for name, value in row.items()}
    assert decode({"columns": columns})[0]["class"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tenure": "4"}, 'rows[1].tenure is "4"; expected an integer from 0 to 72'),
        ({"tenure": 73}, "rows[1].tenure is 73; expected an integer from 0 to 72"),
        ({"tenure": 4.5}, "rows[1].tenure is 4.5; expected an integer from 0 to 72"),
        ({"tenure": True}, "rows[1].tenure is true; expected an integer from 0 to 72"),
        ({"tenure": None}, "rows[1].tenure is null; expected an integer from 0 to 72"),
        ({"total charges": "x"}, 'rows[1]["total charges"] is "x"; expected a number, or null'),
        ({"total charges": True}, 'rows[1]["total charges"] is true; expected a number, or null'),
        ({"1st": 1}, 'rows[1]["1st"] is 1; expected true or false'),
        ({"contract": "weekly"}, 'rows[1].contract is "weekly"; expected one of "monthly", "yearly"'),
        ({"seen": "2026-01-02T03:04:05"}, "expected a timestamp with a time zone (RFC 3339), or null"),
        ({"seen": 12}, "rows[1].seen is 12; expected a timestamp"),
        ({"class": ["a"]}, 'rows[1].class is ["a"]; expected a string, or null'),
        ({"ratio": 1e39}, "rows[1].ratio is 1e39; expected a number"),
        ({"tenures": 4}, 'rows[1] has a column "tenures", which the model does not take; did you mean "ten'),
        ({"zzz": 4}, "it takes tenure, class, total charges, 1st, contract, seen, ratio"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode({"rows": [ROW, ROW | change]})
    assert message in str(caught.value)


def test_a_missing_column_is_named() -> None:
    row = {name: value for name, value in ROW.items() if name != "tenure"}
    with pytest.raises(Invalid, match=r'^rows\[0\] has no "tenure"; expected an integer from 0 to 72$'):
        decode({"rows": [row]})
    with pytest.raises(Invalid, match=r'^there is no "tenure"; expected an integer'):
        decode(row)


def test_a_wrong_cell_of_a_column_is_named_by_its_row() -> None:
    columns = {name: [value, value] for name, value in ROW.items()} | {"tenure": [4, "x"]}
    with pytest.raises(Invalid, match=r'^columns\.tenure\[1\] is "x"; expected an integer'):
        decode({"columns": columns})
    with pytest.raises(Invalid, match="columns differ in length"):
        decode({"columns": columns | {"tenure": [4]}})


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([ROW], "the body is"),
        ("text", 'the body is "text"; send'),
        ({"rows": [3]}, "rows[0] is 3; expected an object"),
        ({"rows": [ROW], "columns": {}}, 'beside "rows" stands "columns"; send "rows" alone'),
        ({"columns": {"tenure": 4}}, "columns has no"),
    ],
)
def test_a_wrong_envelope_is_named(document: Any, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode(document)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"rows": [', b'{"tenure": NaN}', b"\xff", b'{"a":' * 5000, b'{"ratio": 1e999}']
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="cannot be read as JSON"):
        records.decode(body)


def test_an_integral_float_is_an_integer() -> None:
    row = decode({"rows": [ROW | {"tenure": 4.0}]})[0]
    assert row["tenure"] == 4
    assert type(row["tenure"]) is int


def test_an_integer_is_a_number() -> None:
    assert decode(ROW | {"ratio": 3})[0]["ratio"] == 3.0


def test_a_wide_integer_that_float64_cannot_hold_is_refused() -> None:
    wide = Records(Schema((Column("n", "int64"), Column("u", "uint8", nullable=True))))
    [row] = wide.decode(b'{"n": %d}' % EXACT_INTEGER)
    assert getattr(row, wide.fields["n"]) == EXACT_INTEGER
    with pytest.raises(Invalid, match="n is 9007199254740993; expected an integer from"):
        wide.decode(b'{"n": %d}' % (EXACT_INTEGER + 1))
    with pytest.raises(Invalid, match="u is 256; expected an integer from 0 to 255, or null"):
        wide.decode(b'{"n": 1, "u": 256}')


def test_categories_need_not_be_strings() -> None:
    mixed = Records(
        Schema(
            (
                Column("i", "category", categories=(1, 2)),
                Column("f", "category", categories=(0.5, 1.5)),
                Column("b", "category", categories=(True, False)),
            )
        )
    )
    [row] = mixed.decode(b'{"i": 2, "f": 0.5, "b": false}')
    assert [getattr(row, mixed.fields[name]) for name in "ifb"] == [2, 0.5, False]
    for wrong in ({"i": 3}, {"i": True}, {"f": 0.6}, {"b": 0}):
        with pytest.raises(Invalid, match="expected one of"):
            mixed.decode(json.dumps({"i": 2, "f": 0.5, "b": False} | wrong).encode())


def test_python_values_of_numpy_and_pandas_are_taken() -> None:
    row = ROW | {
        "tenure": np.int64(4),
        "1st": np.True_,
        "class": pd.NA,
        "total charges": float("nan"),
        "ratio": np.float32(0.5),
        "seen": pd.NaT,
    }
    taken = cells(records.convert(row))
    assert taken == ROW | {"class": None, "total charges": None, "seen": None}
    assert type(taken["tenure"]) is int


def test_nan_is_no_number_where_nothing_may_be_missing() -> None:
    with pytest.raises(Invalid, match="ratio is NaN; expected a number"):
        records.convert(ROW | {"ratio": math.nan})


def test_infinity_is_left_for_the_model_to_judge() -> None:
    assert cells(records.convert(ROW | {"total charges": math.inf}))["total charges"] == math.inf


def test_a_list_of_dictionaries_names_the_row() -> None:
    with pytest.raises(Invalid, match=r"^rows\[1\]\.tenure is 99;"):
        records.convert_all([ROW, ROW | {"tenure": 99}])


def test_rows_become_an_arrow_table_in_the_schemas_order() -> None:
    table: Any = records.rows(records.decode(json.dumps({"rows": [ROW, ROW | {"class": None}]}).encode()))
    assert table.column_names == [column.name for column in SCHEMA.columns]
    assert table["class"].to_pylist() == ["a", None]
    assert str(table["ratio"].type) == "float"
    assert str(table["seen"].type) == "timestamp[us, tz=UTC]"


rows = st.fixed_dictionaries(
    {
        "tenure": st.integers(0, 72),
        "class": st.none() | st.text(),
        "total charges": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "1st": st.booleans(),
        "contract": st.sampled_from(["monthly", "yearly"]),
        "seen": st.none() | st.datetimes(timezones=st.just(UTC)),
        "ratio": st.floats(width=32, allow_nan=False, allow_infinity=False),
    }
)


@given(st.lists(rows, min_size=1, max_size=3))
def test_decoding_what_was_encoded_gives_the_rows_back(given_rows: list[dict[str, Any]]) -> None:
    written = [row | {"seen": row["seen"] and row["seen"].isoformat()} for row in given_rows]
    assert decode({"rows": written}) == given_rows
    columns = {name: [row[name] for row in written] for name in ROW}
    assert decode({"columns": columns}) == given_rows


@given(
    st.dictionaries(st.sampled_from([*ROW, "other"]), st.none() | st.booleans() | st.integers() | st.text())
)
def test_the_quick_and_the_explaining_reader_agree(row: dict[str, Any]) -> None:
    def outcome(read: Any) -> Any:
        try:
            return [cells(found) for found in read()]
        except Invalid as err:
            return str(err)

    body = json.dumps({"rows": [row]}).encode()
    assert outcome(lambda: records.decode(body)) == outcome(
        lambda: records._reader.document(json.loads(body))
    )
