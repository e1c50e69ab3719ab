"""Rows that do not fit a schema: what kind of fault it is, and in which column. Kinds and columns are few."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Literal, NamedTuple, TypeAlias

from hythe.base.errors import Invalid
from hythe.bundle.schema import Column
from hythe.bundle.spelling import Spelling, spelling

Misfitting: TypeAlias = Literal[
    "missing_column", "unknown_column", "renamed_column", "missing", "type", "number_as_text",
    "decimal_comma", "thousands", "unit", "date_format", "limit", "category", "shape", "document",
]  # fmt: skip
_SPELT: Mapping[Spelling, Misfitting] = {
    "number": "number_as_text",
    "decimal_comma": "decimal_comma",
    "thousands": "thousands",
    "unit": "unit",
    "date": "date_format",
}
_SIMILAR = 0.6
_LONGEST = 100


class Fault(NamedTuple):
    """What is wrong: a kind, and a column of the schema, "" for none.

    A name that the schema lacks is never told, so that faults can be counted in bounded room: of a column
    that was renamed `column` is the schema's.
    """

    kind: Misfitting
    column: str = ""


class Misfit(Invalid):
    """Rows that do not fit a schema, with the first fault that was met.

    >>> Misfit("there is no 'age'", Fault("missing_column", "age")).fault.kind
    'missing_column'
    """

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


def fault_of(value: object, column: Column) -> Fault:
    """Tell what is wrong with a value that does not fit a column.

    >>> fault_of("12 kg", Column("weight", "float64")).kind, fault_of(130, Column("age", "int8")).kind
    ('unit', 'limit')
    """
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return Fault("missing", column.name)
    if column.categories is not None:
        same = type(value) in {type(known) for known in column.categories}
        return Fault("category" if same else "type", column.name)
    if isinstance(value, str):
        return Fault(_kind_of_text(value, column), column.name)
    if column.type == "timestamp":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return Fault("date_format" if number else "type", column.name)
    numeric = column.type not in {"bool", "string"}
    if numeric and isinstance(value, int | float) and not isinstance(value, bool):
        fraction = "int" in column.type and value % 1 != 0
        return Fault("type" if fraction else "limit", column.name)
    return Fault("type", column.name)


def _kind_of_text(text: str, column: Column) -> Misfitting:
    if column.type in {"bool", "string", "category"}:
        return "type"
    found = spelling(text)
    if column.type == "timestamp":
        return "date_format" if found in {"date", "number"} else "type"
    return "type" if found is None else _SPELT[found]


def unknown_name(given: str, known: Collection[str], present: Collection[str]) -> Fault:
    """Tell of a name that the schema lacks: which known column, not `present`, has a similar name, if any.

    >>> unknown_name("Tenure", ["tenure", "plan"], ["Tenure", "plan"])
    Fault(kind='renamed_column', column='tenure')
    """
    absent = [name for name in known if name not in present]
    plain = {plain_name(name): name for name in reversed(absent)}
    near = get_close_matches(plain_name(given[:_LONGEST]), plain, n=1, cutoff=_SIMILAR)
    return Fault("renamed_column", plain[near[0]]) if near else Fault("unknown_column")


def plain_name(name: str) -> str:
    """Leave out what people change when they rename: case, and signs between words.

    >>> plain_name("Monthly-Charges"), plain_name("monthlyCharges")
    ('monthlycharges', 'monthlycharges')
    """
    return "".join(letter for letter in name.lower() if letter.isalnum()) or name
