"""Columns in another format: numbers as text, decimal commas, units behind numbers, dates written anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from hythe.bundle.schema import Column
from hythe.bundle.spelling import Spelling, date_format, spelling
from hythe.monitor.finding import Finding
from hythe.monitor.quality.subjects import percent

if TYPE_CHECKING:
    import pyarrow as pa

_ISO = "ISO 8601"
_WORDS = {
    "number_as_text": "is text that spells numbers",
    "decimal_comma": "has a decimal comma",
    "thousands": "has separators between thousands",
    "unit": "has a unit with each number",
    "date_format": "is no RFC 3339 time",
    "type": "is of another type",
}
_REMEDY = {
    "number_as_text": "read it as numbers",
    "decimal_comma": "write a point instead, or tell the reader of the file",
    "thousands": "leave them out",
    "unit": "leave it out, and convert to the unit of the reference data",
    "date_format": "write 2026-12-31T10:00:00Z",
    "type": "convert it",
}
_KINDS: dict[Spelling | None, str] = {
    "number": "number_as_text", "decimal_comma": "decimal_comma", "thousands": "thousands", "unit": "unit",
    "date": "type", None: "type",
}  # fmt: skip


class ColumnFormat:
    """Counts how the values of one column are written, where that is not how its type is.

    >>> import pyarrow as pa
    >>> weight = ColumnFormat(Column("weight", "float64"))
    >>> weight.take(pa.array(["70,5", "1,250", None, "68"]))
    >>> [(finding.check, finding.value, finding.verdict) for finding in weight.findings()]
    [('decimal_comma', 0.5, 'alarm'), ('number_as_text', 0.25, 'ok')]
    """

    def __init__(self, column: Column) -> None:
        self._column = column
        self._rows = 0
        self._found: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def take(self, values: pa.Array) -> None:
        """Look at some rows, plain Arrow values."""
        self._rows += len(values)
        if fits(values.type, self._column):
            return
        for value, times in _distinct(values):
            kind = _kind(value, self._column)
            if kind is not None:
                self._found[kind] += times
                self._examples.setdefault(kind, str(value)[:40])

    def findings(self) -> Iterator[Finding]:
        """Give a finding for each format that is not the schema's; numbers in text do not alarm."""
        found = self._found
        if found["decimal_comma"]:  # then 1,250 is no number of thousands either
            found["decimal_comma"] += found.pop("thousands", 0)
        for kind, count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0])):
            if count:
                yield self._finding(kind, count)

    def _finding(self, kind: str, count: int) -> Finding:
        column = self._column
        example = "" if column.sensitive else f", such as {self._examples.get(kind, '')!r}"
        return Finding(
            kind="quality",
            check=kind,
            subject=f"feature:{column.name}",
            verdict="ok" if kind == "number_as_text" else "alarm",
            message=(
                f"{column.name} {_WORDS[kind]} in {percent(count, self._rows)} of {self._rows} rows"
                f"{example}; the schema says {column.type}: {_REMEDY[kind]}"
            ),
            value=count / self._rows,
            limit=0.0,
            unit="share",
            n=self._rows,
        )


def fits(given: pa.DataType, column: Column) -> bool:
    """Tell whether values of a type need no closer look."""
    import pyarrow as pa

    if pa.types.is_null(given):
        return True
    if column.type == "timestamp":
        return bool(pa.types.is_temporal(given))
    text = pa.types.is_string(given)
    if column.type == "string" or (
        column.type == "category" and isinstance((column.categories or ("",))[0], str)
    ):
        return bool(text)
    if column.type in {"bool", "category"}:
        return True
    number = pa.types.is_integer(given) or pa.types.is_floating(given) or pa.types.is_decimal(given)
    return bool(number or pa.types.is_boolean(given))


def _distinct(values: pa.Array) -> Iterator[tuple[object, int]]:
    found = values.value_counts()
    for value, times in zip(
        found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True
    ):
        if value is not None:
            yield value, times


def _kind(value: object, column: Column) -> str | None:
    """Say how one value is written; None where it is as the schema says."""
    if column.type == "timestamp":
        if isinstance(value, str):
            return None if _date(value) == _ISO else "date_format"
        return "date_format" if isinstance(value, int | float) else "type"
    if column.type in {"string", "category"} or not isinstance(value, str):
        return "type"
    return _KINDS[_spelt(value)] if value.strip() else None


@lru_cache(maxsize=8192)
def _spelt(text: str) -> Spelling | None:
    return spelling(text)


@lru_cache(maxsize=8192)
def _date(text: str) -> str | None:
    return date_format(text)
