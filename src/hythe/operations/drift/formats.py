"""Files of rows that are read a batch at a time: Parquet, Arrow, CSV, JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from hythe.base.errors import Invalid

if TYPE_CHECKING:
    import pyarrow as pa

_BUFFER_BYTES = 2**16
"""How much of each column of a Parquet file is read ahead; without a limit it is a whole row group."""
_CSV_BYTES = 2**22


class Head(NamedTuple):
    """What a file says of itself: its columns, and its number of rows, 0 where that takes reading them."""

    columns: list[str]
    rows: int = 0


class Format(Protocol):
    """How files of one kind are read."""

    def head(self, path: Path) -> Head:
        """Read what stands before the rows; raises Invalid when the file is no such table."""
        ...

    def batches(self, path: Path, names: list[str], most: int) -> Iterator[pa.RecordBatch]:
        """Read the columns `names`, which its head has, at most `most` rows at once.

        Raises:
            Invalid: where the file is damaged.

        """
        ...


class Parquet:
    """Row groups of any size: pages are read as they are needed."""

    def head(self, path: Path) -> Head:
        """Read the footer."""
        with _file(path) as file:
            return Head(list(file.schema_arrow.names), int(file.metadata.num_rows))

    def batches(self, path: Path, names: list[str], most: int) -> Iterator[pa.RecordBatch]:
        """Decode some rows of all wanted columns at a time."""
        with _file(path) as file:
            yield from file.iter_batches(most, columns=names)


class Arrow:
    """Files and streams of Arrow IPC (Feather): mapped, so that a large batch is not copied."""

    def head(self, path: Path) -> Head:
        """Read the schema; the rows of a stream are counted at its end only."""
        with _ipc(path) as reader:
            places = range(getattr(reader, "num_record_batches", 0))
            return Head(list(reader.schema.names), sum(reader.get_batch(at).num_rows for at in places))

    def batches(self, path: Path, names: list[str], most: int) -> Iterator[pa.RecordBatch]:
        """Give views of the mapped file."""
        with _ipc(path) as reader:
            places = range(getattr(reader, "num_record_batches", 0))
            stored = (reader.get_batch(place) for place in places) if places else reader
            for batch in stored:
                for start in range(0, batch.num_rows, most):
                    yield batch.slice(start, most).select(names)


class Csv:
    """Text with a line of names. Every cell stays text, for a number column's first cells may mislead."""

    def __init__(self, separator: str) -> None:
        self._separator = separator

    def head(self, path: Path) -> Head:
        """Read the first line."""
        with _readable(path), self._reader(path) as reader:
            return Head(list(reader.schema.names))

    def batches(self, path: Path, names: list[str], most: int) -> Iterator[pa.RecordBatch]:
        """Read blocks of lines."""
        with _readable(path), self._reader(path, names) as reader:
            for batch in reader:
                for start in range(0, batch.num_rows, most):
                    yield batch.slice(start, most)

    def _reader(self, path: Path, names: list[str] | None = None) -> Any:
        import pyarrow as pa
        from pyarrow import csv

        return csv.open_csv(
            path,
            read_options=csv.ReadOptions(block_size=_CSV_BYTES),
            parse_options=csv.ParseOptions(delimiter=self._separator),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names or (), pa.string()),
                include_columns=names,
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )


class JsonLines:
    """An object a line; a column has what is in it, as text where that is of several kinds."""

    def head(self, path: Path) -> Head:
        """Go through all lines, for any of them may bring a name."""
        names: dict[str, None] = {}
        rows = 0
        for rows, row in enumerate(_objects(path), start=1):  # noqa: B007 - the last is their number
            names |= dict.fromkeys(row)
        return Head(list(names), rows)

    def batches(self, path: Path, names: list[str], most: int) -> Iterator[pa.RecordBatch]:
        """Read some lines at a time."""
        import pyarrow as pa

        lines = _objects(path)
        while rows := list(islice(lines, most)):
            arrays = [_array([row.get(name) for row in rows]) for name in names]
            yield pa.RecordBatch.from_arrays(arrays, names=names)


FORMATS: dict[str, Format] = {
    ".parquet": Parquet(),
    ".arrow": Arrow(),
    ".feather": Arrow(),
    ".csv": Csv(","),
    ".tsv": Csv("\t"),
    ".jsonl": JsonLines(),
    ".ndjson": JsonLines(),
}
"""How files are read, by suffix."""


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say of a file that cannot be read which one it is."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as err:
        raise Invalid(f"{str(path)!r} cannot be read: {err}; write the file again") from err


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with _readable(path), pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file:
        yield file


@contextmanager
def _ipc(path: Path) -> Iterator[Any]:
    import pyarrow as pa

    with _readable(path), pa.memory_map(str(path)) as mapped:
        try:
            reader = pa.ipc.open_file(mapped)
        except pa.ArrowInvalid:  # a stream has no footer
            mapped.seek(0)
            reader = pa.ipc.open_stream(mapped)
        yield reader


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as err:
                raise Invalid(f"{str(path)!r}, line {number}, cannot be read: {err}; write it again") from err
            if not isinstance(row, dict):
                raise Invalid(f"{str(path)!r}, line {number}, is no object; write an object a line")
            yield row


def _array(values: list[Any]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
