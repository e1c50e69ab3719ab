"""Feedback in tables: one row for each row of a prediction, with its outcome and values in columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hythe.base.errors import Invalid, Malformed
from hythe.monitor.outcomes.expected import Expected
from hythe.monitor.outcomes.feedback import Item

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The columns of a table: those of the row's id, of its place in the request, of its outcome, of values.

    A table may lack `row` (0 then, unless the id has it behind a colon) and `outcome`. Without `values` every
    other column is one.
    """

    prediction_id: str = "prediction_id"
    row: str = "row"
    outcome: str = "outcome"
    values: tuple[str, ...] | None = None

    def among(self, columns: Sequence[str]) -> Names:
        """Settle which columns of a table are values.

        Raises:
            Invalid: when a column is missing, comes twice, or there is nothing to tell.

        """
        known = ", ".join(columns)
        if len({*columns}) < len(columns):
            raise Invalid(f"a column comes more than once among {known}; give each once")
        for name in (self.prediction_id, *(self.values or ())):
            if name not in columns:
                raise Invalid(f"there is no column {name!r}; the columns are {known}")
        own = {self.prediction_id, self.row, self.outcome}
        values = self.values or tuple(name for name in columns if name not in own)
        if self.outcome not in columns and not values:
            raise Invalid(f"there is neither a column {self.outcome!r} nor a value; the columns are {known}")
        return Names(prediction_id=self.prediction_id, row=self.row, outcome=self.outcome, values=values)


def csv_items(body: bytes, names: Names, expected: Expected, separator: str = ",") -> Iterator[list[Item]]:
    """Read CSV with a line of names, some items at a time; an empty cell tells nothing.

    Raises:
        Malformed: when it is no CSV in UTF-8.
        Invalid: when its columns do not fit.

    """
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=separator)
        columns = next(lines, [])
        settled = names.among(columns)
        yield from _items(
            (_cells(columns, line, lines.line_num) for line in lines if line), settled, expected
        )
    except (csv.Error, UnicodeDecodeError) as err:
        raise Malformed(
            f"the feedback cannot be read as CSV: {err}; write UTF-8 with a line of names"
        ) from err


def table_items(table: pa.Table, names: Names) -> Iterator[list[Item]]:
    """Read an Arrow table, some items at a time; null tells nothing.

    Raises:
        Invalid: when its columns do not fit.

    """
    settled = names.among(table.column_names)
    for start in range(0, table.num_rows, _AT_ONCE):
        yield from _items(_rows(table.slice(start, _AT_ONCE)), settled, None)


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """Give rows as Python values, decimals as floats; there are times that Python does not have."""
    from pyarrow import ArrowException, float64, types

    try:
        for place, field in enumerate(table.schema):
            if types.is_decimal(field.type):
                table = table.set_column(place, field.name, table.column(place).cast(float64()))
        rows: list[dict[str, Any]] = table.to_pylist()
    except (ArrowException, ArithmeticError, ValueError, TypeError, NotImplementedError) as err:
        raise Invalid(f"the table has cells that cannot be read: {err}; give text and numbers") from err
    return rows


def _items(
    rows: Iterable[Mapping[str, Any]], names: Names, expected: Expected | None
) -> Iterator[list[Item]]:
    found: list[Item] = []
    for row in rows:
        found.append(_item(row, names, expected))
        if len(found) == _AT_ONCE:
            yield found
            found = []
    if found:
        yield found


def _item(row: Mapping[str, Any], names: Names, expected: Expected | None) -> Item:
    """Make an item of a table's row; with `expected` its cells are text."""
    outcome, place = row.get(names.outcome), row.get(names.row)
    values: dict[str, Any] = {}
    for name in names.values or ():
        cell = row[name]
        values |= cell if isinstance(cell, dict) else {name: cell}
    if expected is not None:
        outcome = None if outcome is None else expected.read(outcome)
        values = {name: None if cell is None else _NUMBER.read(cell) for name, cell in values.items()}
        place = None if place is None else _WHOLE.read(place)
    if isinstance(place, float) and place.is_integer():
        place = int(place)
    return Item(row[names.prediction_id], place, outcome, values)


def _cells(columns: Sequence[str], line: Sequence[str], number: int) -> dict[str, str | None]:
    if len(line) != len(columns):
        raise Malformed(
            f"line {number} has {len(line)} cells for {len(columns)} columns; give each line as many"
        )
    return {name: cell or None for name, cell in zip(columns, line, strict=True)}


_NUMBER, _WHOLE = Expected("number"), Expected("whole")
