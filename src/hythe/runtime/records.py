"""An endpoint's rows: the schema compiled once, so that a row costs about a microsecond.

Doors decode bytes, the Python API converts dictionaries; both give row objects, whose attributes `fields`
names, because column names need not be identifiers. A wrong value is explained by its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from hythe.base.errors import Invalid, Malformed
from hythe.bundle.rows import Rows
from hythe.bundle.schema import Column, Schema
from hythe.runtime.documents import malformed, parse
from hythe.runtime.gather import Gatherer
from hythe.runtime.pieces import list_end, piece_end
from hythe.runtime.reading import Reader
from hythe.runtime.row_types import columns_type, row_type

_ENVELOPE = re.compile(rb'\s*\{\s*"(rows"\s*:\s*\[|columns"\s*:\s*\{)')


class Records:
    """Reads rows of named columns.

    >>> records = Records(Schema((Column("age", "int8"), Column("class", "string", nullable=True))))
    >>> [row] = records.decode(b'{"age": 41}')
    >>> getattr(row, records.fields["age"]), getattr(row, records.fields["class"])
    (41, None)
    >>> records.decode(b'{"rows": [{"age": 41}, {"age": "old"}]}')
    Traceback (most recent call last):
    ...
    hythe.bundle.misfit.Misfit: rows[1].age is "old"; expected an integer from -128 to 127
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.columns = schema.columns
        # Fields without a default come first, so that a row can be built from its cells by position.
        order = sorted(self.columns, key=lambda column: column.nullable)
        self.fields: Mapping[str, str] = {column.name: f"c{i}" for i, column in enumerate(order)}
        self._row_type = row_type(order)
        listed: Any = list.__class_getitem__(self._row_type)
        self._decode_list: Any = msgspec.json.Decoder(listed).decode
        self._decode_row: Any = msgspec.json.Decoder(self._row_type).decode
        self._decode_rows = _envelope("rows", listed)
        self._columns_type = columns_type(order)
        self._decode_columns = _envelope("columns", self._columns_type)
        self._any_nan = _nan_test(order)
        self._reader = Reader(self.columns, order, self._row_type)

    def decode(self, body: bytes | memoryview) -> list[Any]:
        """Read `{"rows": [{…}]}`, `{"columns": {name: […]}}` or one bare row.

        Raises:
            Malformed: when `body` is no JSON.
            Invalid: naming the path of the first wrong value, the value and what was expected.

        """
        try:
            envelope = _ENVELOPE.match(body)
            if envelope is None:
                return [self._decode_row(body)]
            if envelope[1].startswith(b"rows"):
                rows: list[Any] = self._decode_rows(body).rows
                return rows
            return self._zip(self._decode_columns(body).columns)
        except msgspec.ValidationError:
            return self._reader.document(parse(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
            raise malformed(err) from err

    def in_pieces(self, body: bytes | memoryview) -> Iterator[list[Any]]:
        """Read as `decode` does, some rows at a time where `body` lists them, so that others get a turn.

        Raises:
            Malformed, Invalid: as `decode` does, perhaps after rows that are right.

        """
        envelope = _ENVELOPE.match(body)
        end = list_end(body) if envelope is not None and envelope[1].startswith(b"rows") else 0
        if envelope is None or not end:
            yield self.decode(body)
            return
        at, count = envelope.end(), 0
        while at < end:
            stop, after = piece_end(body, at, end)
            try:
                rows = self._piece(_listed(body[at:stop]), count)
            except Malformed:  # it was cut inside a text, or is no JSON
                rows, after = self._rest(body, at, end, count), end
            yield rows
            at, count = after, count + len(rows)

    def _piece(self, piece: bytes, first: int) -> list[Any]:
        """Read a list of rows of which the first has the index `first`."""
        try:
            rows: list[Any] = self._decode_list(piece)
        except msgspec.ValidationError:
            read = self._reader.row
            return [read(row, f"rows[{index}]") for index, row in enumerate(parse(piece), first)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
            raise malformed(err) from err
        return rows

    def _rest(self, body: bytes | memoryview, at: int, end: int, first: int) -> list[Any]:
        """Read all rows from `at` on, which is where a row begins."""
        try:
            return self._piece(_listed(body[at:end]), first)
        except Malformed:
            self.decode(body)  # says where in the whole body the fault is
            raise Invalid("the rows are given twice; give one list") from None

    def convert(self, row: Mapping[str, Any], where: str = "") -> Any:
        """Turn one dictionary of Python values, at the path `where`, into a row object.

        Raises:
            Invalid: as `decode` does.

        """
        try:
            converted = msgspec.convert(row, self._row_type)
        except (msgspec.ValidationError, TypeError):
            return self._reader.row(row, where)
        if self._any_nan is not None and self._any_nan(converted):
            return self._reader.row(row, where)
        return converted

    def convert_one(self, row: Mapping[str, Any]) -> list[Any]:
        """Turn one dictionary into a batch of one row."""
        return [self.convert(row)]

    def convert_all(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Turn dictionaries of Python values into row objects."""
        return [self.convert(row, f"rows[{index}]") for index, row in enumerate(rows)]

    def convert_columns(self, columns: Mapping[str, Sequence[Any]]) -> list[Any]:
        """Turn lists of Python values, one for each column and all of one length, into row objects."""
        try:
            return self._zip(msgspec.convert(columns, self._columns_type))
        except (msgspec.ValidationError, TypeError):
            return self._reader.columns(columns)

    def rows(self, batch: Sequence[Any]) -> Rows:
        """Gather row objects into an Arrow table in the schema's order and types."""
        gathered = self.gathering()
        gathered.add(batch)
        return gathered.rows()

    def gathering(self) -> Gatherer:
        """Begin a table that grows a batch at a time."""
        return Gatherer(self.columns, self.fields)

    def _zip(self, columns: Any) -> list[Any]:
        cells = msgspec.structs.astuple(columns)
        lengths = {len(values) for values in cells if values is not None}
        if len(lengths) != 1:
            raise msgspec.ValidationError("columns differ in length")
        size = lengths.pop()
        return list(map(self._row_type, *[[None] * size if values is None else values for values in cells]))


def _listed(rows: bytes | memoryview) -> bytes:
    return b"".join((b"[", rows, b"]"))


def _envelope(key: str, kind: Any) -> Any:
    struct = msgspec.defstruct("Envelope", [(key, kind)], forbid_unknown_fields=True)
    return msgspec.json.Decoder(struct).decode


def _nan_test(columns: Sequence[Column]) -> Any:
    """Make a quick test for NaN in columns that may not miss a value; JSON has no NaN, Python has."""
    names = [
        f"c{i}"
        for i, column in enumerate(columns)
        if column.type in {"float32", "float64"} and not column.nullable and column.null == "nan"
    ]
    if not names:
        return None
    get: Any = attrgetter(*names, names[0])  # one twice, so that the result is always a tuple

    def any_nan(row: Any) -> bool:
        total = sum(get(row))
        return bool(total != total)  # noqa: PLR0124 - only NaN differs from itself

    return any_nan
