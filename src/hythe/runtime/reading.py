"""Rows read cell by cell: slower than the compiled decoder, more lenient, and able to say what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from hythe.bundle.misfit import Fault, Misfit, fault_of, unknown_name
from hythe.bundle.schema import Column
from hythe.runtime.cells import checker, expected, show
from hythe.runtime.documents import only, step


class Reader:
    """Builds row objects of `row_type` from parsed JSON or Python values.

    `order` is the order of the row's fields. Faults are named by their path: `rows[3].tenure`.
    """

    def __init__(self, columns: Sequence[Column], order: Sequence[Column], row_type: Any) -> None:
        self._columns = columns
        self._order = order
        self._row_type = row_type
        self._checks = {column.name: checker(column) for column in columns}

    def document(self, document: Any) -> list[Any]:
        """Read `{"rows": […]}`, `{"columns": {…}}` or one bare row.

        Raises:
            Invalid: naming the path of the first wrong value, the value and what was expected.

        """
        if not isinstance(document, dict):
            raise Misfit(
                f'the body is {show(document)}; send {{"rows": [{{…}}]}}, {{"columns": {{…}}}} or one row',
                Fault("document"),
            )
        if isinstance(document.get("rows"), list):
            only(document, "rows")
            return [self.row(row, f"rows[{index}]") for index, row in enumerate(document["rows"])]
        if isinstance(document.get("columns"), dict):
            only(document, "columns")
            return self.columns(document["columns"], "columns")
        return [self.row(document, "")]

    def row(self, row: Any, where: str = "") -> Any:
        """Read one row that stands at the path `where`; raises Invalid."""
        if not isinstance(row, Mapping):
            raise Misfit(
                f"{where or 'the row'} is {show(row)}; expected an object with the columns' names as keys",
                Fault("document"),
            )
        self._check_names(row, where)
        return self._row_type(*[self._cell(column, row.get(column.name), where) for column in self._order])

    def _cell(self, column: Column, value: Any, where: str, index: int | None = None) -> Any:
        try:
            return self._checks[column.name](value)
        except (ValueError, TypeError, OverflowError):
            path = where + step(column.name, first=not where) + ("" if index is None else f"[{index}]")
            fault = fault_of(value, column)
            raise Misfit(f"{path} is {show(value)}; expected {expected(column)}", fault) from None

    def _check_names(self, given: Mapping[str, Any], where: str) -> None:
        inside = f"{where} has" if where else "there is"
        for name in given:
            if name not in self._checks:
                raise Misfit(
                    f"{inside} a column {show(name)}, which the model does not take; {self._nearest(name)}",
                    unknown_name(str(name), self._checks, given),
                )
        for column in self._columns:
            if column.name not in given and not column.nullable:
                inside = f"{where} has no" if where else "there is no"
                fault = Fault("missing_column", column.name)
                raise Misfit(f"{inside} {show(column.name)}; expected {expected(column)}", fault)

    def _nearest(self, name: Any) -> str:
        near = get_close_matches(str(name), self._checks, n=1)
        if near:
            return f"did you mean {show(near[0])}?"
        return "it takes " + ", ".join(column.name for column in self._columns)

    def columns(self, given: Mapping[str, Any], where: str = "") -> list[Any]:
        """Read columns of equal length that stand at the path `where`; raises Invalid."""
        self._check_names(given, where)
        lengths = {}
        for name, cells in given.items():
            if not isinstance(cells, Sequence) or isinstance(cells, str):
                path = where + step(name, first=not where)
                fault = Fault("document")
                raise Misfit(f"{path} is {show(cells)}; expected a list of values, one for each row", fault)
            lengths[name] = len(cells)
        if len(set(lengths.values())) > 1:
            fault = Fault("document")
            raise Misfit(f"columns differ in length: {lengths}; give each the same number of values", fault)
        size = max(lengths.values(), default=0)
        cells = [
            [
                self._cell(column, value, where, i)
                for i, value in enumerate(given.get(column.name, [None] * size))
            ]
            for column in self._order
        ]
        return list(map(self._row_type, *cells))
