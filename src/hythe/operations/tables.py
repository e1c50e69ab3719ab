"""Reading the rows that a user brings: Parquet, Arrow, CSV, JSON, JSON lines, or a prediction log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from hythe.base.errors import Invalid, NotFound
from hythe.operations.predictions.read import is_log, told_rows


def read_table(path: Path) -> pa.Table:
    """Read a file of rows by its suffix.

    JSON is a list of rows, or what a request holds: `{"rows": […]}`, `{"columns": {…}}`, `{"feedback": […]}`.
    Of a prediction log, which is a folder, the rows come whose features were all recorded.

    Raises:
        NotFound: when there is no such file.
        Invalid: when the suffix is unknown or the file cannot be read as what it says it is.

    """
    if is_log(path):
        return told_rows(path)
    if not path.is_file():
        raise NotFound(f"there is no file {str(path)!r}; give the path of a file of rows")
    read = _READERS.get(path.suffix.lower())
    if read is None:
        known = ", ".join(sorted(_READERS))
        raise Invalid(f"{str(path)!r} has no suffix that names a table format; use one of {known}")
    try:
        table = read(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError, msgspec.DecodeError) as err:
        raise Invalid(f"{str(path)!r} cannot be read: {err}; write the file again") from err
    if table.num_rows == 0:
        raise Invalid(f"{str(path)!r} holds no rows; give at least one")
    return table


def _parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(path)


def _arrow(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        try:
            return pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:  # a stream has no footer
            source.seek(0)
            return pa.ipc.open_stream(source).read_all()


def _csv(path: Path) -> pa.Table:
    from pyarrow import csv

    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    return csv.read_csv(
        path,
        parse_options=csv.ParseOptions(delimiter=separator),
        convert_options=csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False),
    )


def _json(path: Path) -> pa.Table:
    document = msgspec.json.decode(path.read_bytes())
    if isinstance(document, dict) and isinstance(document.get("columns"), dict):
        return pa.table(document["columns"])
    if isinstance(document, dict) and document.keys() == {"feedback"}:
        return _from_records(document["feedback"])
    return _from_records(document.get("rows", document) if isinstance(document, dict) else document)


def _json_lines(path: Path) -> pa.Table:
    return _from_records(
        [msgspec.json.decode(line) for line in path.read_bytes().splitlines() if line.strip()]
    )


def _from_records(records: Any) -> pa.Table:
    """Take the columns of all records, in the order of their first appearance."""
    rows = [records] if isinstance(records, dict) else records
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise pa.ArrowInvalid("rows are a list of objects, one for each row")
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: [row.get(name) for row in rows] for name in names})


_READERS: dict[str, Callable[[Path], pa.Table]] = {
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".feather": _arrow,
    ".csv": _csv,
    ".tsv": _csv,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
