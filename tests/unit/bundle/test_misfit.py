"""Rows that do not fit are refused with what is wrong and where: by every reader the same."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from hythe.base.errors import HytheError
from hythe.bundle.conform import conform
from hythe.bundle.misfit import Fault, Misfit, unknown_name
from hythe.bundle.schema import Column, Schema, Tensor
from hythe.dataplane.admit import Limits
from hythe.runtime.batch import reader
from hythe.server.http.csv_rows import read_csv

SCHEMA = Schema(
    (
        Column("weight", "float64", maximum=500.0),
        Column("visits", "int64"),
        Column("plan", "category", categories=("gold", "tin")),
        Column("since", "timestamp"),
        Column("town", "string", nullable=True),
    )
)
ROW: dict[str, Any] = {
    "weight": 70.5,
    "visits": 3,
    "plan": "gold",
    "since": "2026-01-01T00:00:00",
    "town": "A",
}
FAULTS: list[tuple[str, Any, str]] = [
    ("weight", "70.5", "number_as_text"),
    ("weight", "70,5", "decimal_comma"),
    ("weight", "1,234.5", "thousands"),
    ("weight", "70 kg", "unit"),
    ("weight", "heavy", "type"),
    ("weight", True, "type"),
    ("weight", None, "missing"),
    ("weight", 501.0, "limit"),
    ("visits", 2**53 + 2, "limit"),
    ("visits", 3.5, "type"),
    ("plan", "silver", "category"),
    ("plan", 7, "type"),
    ("since", "31.12.2025", "date_format"),
    ("since", 1767139200, "date_format"),
    ("since", "soon", "type"),
    ("town", 7, "type"),
]
IDS = [f"{column}={value}" for column, value, _ in FAULTS]


def fault(read: Any, *given: Any) -> Fault:
    with pytest.raises(HytheError) as raised:
        read(*given)
    assert isinstance(raised.value, Misfit)
    assert raised.value.code == "invalid"
    return raised.value.fault


@pytest.mark.parametrize(("column", "value", "kind"), FAULTS, ids=IDS)
def test_json_is_refused_with_kind_and_column(column: str, value: Any, kind: str) -> None:
    body = msgspec.json.encode({"rows": [ROW, {**ROW, column: value}]})
    assert fault(reader(SCHEMA).decode, body) == Fault(kind, column)  # type: ignore[arg-type]  # one of the kinds


@pytest.mark.parametrize(("column", "value", "kind"), FAULTS, ids=IDS)
def test_tables_are_refused_with_kind_and_column(column: str, value: Any, kind: str) -> None:
    table = pa.table({name: [value if name == column else known] for name, known in ROW.items()})
    assert fault(conform, table, SCHEMA) == Fault(kind, column)  # type: ignore[arg-type]  # one of the kinds


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [one for one in FAULTS if one[0] != "town" and isinstance(one[1], str) and one[2] != "number_as_text"],
)
def test_csv_is_refused_with_kind_and_column(column: str, value: str, kind: str) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ROW))
    writer.writeheader()
    writer.writerow({**ROW, column: value})
    found = fault(read_csv, text.getvalue().encode(), reader(SCHEMA), Limits())
    assert found == Fault(kind, column)  # type: ignore[arg-type]  # one of the kinds


def without(*names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in ROW.items() if name not in names} | more


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (without("visits"), Fault("missing_column", "visits")),
        (without(shoe_size=41), Fault("unknown_column")),
        (without("visits", Visits=3), Fault("renamed_column", "visits")),
        (without("visits", number_of_visits=3), Fault("renamed_column", "visits")),
        (without("town", Town="A"), Fault("renamed_column", "town")),
        (without(visits_2=3), Fault("unknown_column")),
    ],
)
def test_names_are_refused_with_the_column_that_was_meant(row: dict[str, Any], expected: Fault) -> None:
    rows = reader(SCHEMA)
    assert fault(rows.decode, msgspec.json.encode(row)) == expected
    assert fault(rows.convert_columns, {name: [value] for name, value in row.items()}) == expected
    assert fault(conform, pa.table({name: [value] for name, value in row.items()}), SCHEMA) == expected


@pytest.mark.parametrize("body", [b"[1]", b'{"rows": [1]}', b'{"columns": {"weight": 3}}'])
def test_what_is_built_wrongly_is_the_documents_fault(body: bytes) -> None:
    assert fault(reader(SCHEMA).decode, body).kind in {"document", "missing_column"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"x": [1.0, 2.0, 3.0]}, Fault("shape", "x")),
        ({"x": ["a", "b"]}, Fault("type", "x")),
        ({"X": [1.0, 2.0]}, Fault("renamed_column", "x")),
        ({}, Fault("missing_column", "x")),
    ],
)
def test_tensors_are_refused_with_kind_and_name(row: dict[str, Any], expected: Fault) -> None:
    schema = Schema((Tensor("x", "float32", (2,)),), container="tensors")
    assert fault(reader(schema).convert_one, row) == expected


def test_a_name_of_any_length_costs_no_more_than_a_short_one() -> None:
    known = [f"column_{place}" for place in range(1000)]
    assert unknown_name("x" * 10**6, known, ["x" * 10**6]) == Fault("unknown_column")
