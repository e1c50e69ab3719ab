"""Where the rows come from whose drift is asked for: files that are read a batch at a time, or a table."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hythe.base.errors import Invalid, NotFound
from hythe.operations.drift.formats import FORMATS, Csv, Format, Head

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 16_384
"""How many rows are held at once: enough that a call costs nothing beside its values, little enough that the
values of a column stay in the processor's cache."""


class Source(Protocol):
    """Rows of some columns, read as often as asked, one batch after the other."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns, in the order of their first appearance."""
        ...

    @property
    def rows(self) -> int:
        """How many rows there are; 0 where nobody knows before reading them."""
        ...

    @property
    def is_text(self) -> bool:
        """Whether cells are text whatever they mean, as in CSV."""
        ...

    def batches(self, wanted: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Read the rows, those of the `wanted` columns that there are; at most `BATCH_ROWS` at once."""
        ...


@dataclass(frozen=True, slots=True)
class Files:
    """Files of rows, one after the other; one that lacks a column has it missing. `heads` are by file."""

    name: str
    heads: Mapping[Path, Head]

    @classmethod
    def found(cls, data: str | Path) -> Files:
        """Find a file, the files of a folder (and those within), or those that a pattern names.

        Raises:
            NotFound: when there is none.
            Invalid: when a suffix is unknown, or a file is no such table.

        """
        return cls(str(data), {path: _head(path) for path in _paths(str(data))})

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns of all files."""
        return tuple(dict.fromkeys(name for head in self.heads.values() for name in head.columns))

    @property
    def rows(self) -> int:
        """How many rows they have; 0 where one of them does not say."""
        counts = [head.rows for head in self.heads.values()]
        return sum(counts) if all(counts) else 0

    @property
    def is_text(self) -> bool:
        """Whether any of the files is text."""
        return any(isinstance(_format(path), Csv) for path in self.heads)

    def batches(self, wanted: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Read the files in the order of their names."""
        for path, head in self.heads.items():
            names = [name for name in head.columns if name in wanted]
            yield from _format(path).batches(path, names, BATCH_ROWS)


@dataclass(frozen=True, slots=True)
class Memory:
    """A table that is in memory already."""

    table: pa.Table
    name: str = "a table"
    is_text: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(self.table.column_names)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self.table.num_rows)

    def batches(self, wanted: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Give its rows; nothing is copied."""
        chosen = self.table.select([name for name in self.columns if name in wanted])
        yield from chosen.to_batches(max_chunksize=BATCH_ROWS)


def source_of(data: Any) -> Source:
    """Open a path, a folder or a pattern, or take a table (pandas, polars, Arrow) as it is.

    Raises:
        NotFound: when there is no such file.
        Invalid: when it is no table, or of no known format.

    """
    if isinstance(data, str | Path):
        return Files.found(data)
    import pyarrow as pa

    if not isinstance(data, pa.Table) and not hasattr(data, "__arrow_c_stream__"):
        raise Invalid(f"the rows are a {type(data).__name__}; give a path or a table (pandas, polars, Arrow)")
    return Memory(data if isinstance(data, pa.Table) else pa.table(data))


def _paths(data: str) -> list[Path]:
    path = Path(data)
    if path.is_file():
        return [path]
    if path.is_dir():
        known = [each for each in sorted(path.rglob("*")) if each.suffix.lower() in FORMATS]
        visible = [each for each in known if not each.name.startswith((".", "_")) and each.is_file()]
        if not visible:
            raise NotFound(f"the folder {data!r} holds no file of rows; known are {', '.join(FORMATS)}")
        return visible
    matched = [Path(each) for each in sorted(glob.glob(data, recursive=True)) if Path(each).is_file()]  # noqa: PTH207 - a pattern with a root
    if not matched:
        raise NotFound(f"there is no file {data!r}; give a file of rows, a folder of them, or a pattern")
    return matched


def _head(path: Path) -> Head:
    head = _format(path).head(path)
    if len({*head.columns}) < len(head.columns):
        twice = next(name for name in head.columns if head.columns.count(name) > 1)
        raise Invalid(f"{str(path)!r} has two columns {twice!r}; give each its own name")
    return head


def _format(path: Path) -> Format:
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        known = ", ".join(FORMATS)
        raise Invalid(f"{str(path)!r} has no suffix that names a table format; use one of {known}")
    return found
