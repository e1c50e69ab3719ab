"""What is wrong with the data of a file, as far as windows cannot tell: names, types, formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hythe.bundle.baseline import Baseline
from hythe.bundle.repeats import hashes_of
from hythe.bundle.schema import Column, Schema
from hythe.monitor.finding import Finding
from hythe.monitor.quality.duplicates import judged
from hythe.monitor.quality.formats import ColumnFormat
from hythe.monitor.quality.names import MOST, Renamed, renamed
from hythe.monitor.quality.repeats import Memory
from hythe.monitor.quality.subjects import percent

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 4096
"""So many rows of each batch are looked at, the first ones, and so many at all of columns to be compared."""
_SHOWN = 20


class RowLook:
    """Looks at rows as they came, before anything was cast, batch by batch; memory does not grow with them.

    `names` are the columns of the source. It gives what windows cannot tell: missing, added and renamed
    columns, other types and formats, and repeated rows; the rest is for the checks of windows.

    >>> import pyarrow as pa
    >>> from hythe.bundle.summary import summarise_column
    >>> age = Column("age", "int64")
    >>> known = Baseline(3, 0, {"age": summarise_column(pa.array([20, 30, 40]), age)}, {})
    >>> look = RowLook(Schema((age,)), known, ["AGE", "town"])
    >>> look.wanted
    ('AGE', 'town')
    >>> look.take(pa.record_batch({"AGE": [20, 30, 40], "town": ["A", "B", "A"]}))
    >>> [(finding.check, finding.subject, finding.verdict) for finding in look.findings()]
    [('renamed_column', 'feature:age', 'alarm'), ('unknown_column', 'columns', 'ok')]
    """

    def __init__(self, schema: Schema, baseline: Baseline, names: Sequence[str]) -> None:
        self._baseline = baseline
        self._columns = {column.name: column for column in schema.columns}
        given, inputs = {*names}, [item.name for item in schema.inputs]
        self._missing = [name for name in inputs if name not in given]
        self._unknown = [name for name in dict.fromkeys(names) if name not in {*inputs}]
        self._formats = {
            name: ColumnFormat(column) for name, column in self._columns.items() if name in given
        }
        self._samples: dict[str, list[pa.Array]] = {}
        self._sampled = 0
        self._repeated = [0, 0, 0]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that have to be in the batches beside the schema's: those that may be renamed ones."""
        return tuple(self._unknown[:MOST]) if self._missing else ()

    def take(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Look at some rows; columns that are not among them are left out."""
        first = batch.slice(0, MOST_ROWS)
        columns = dict(zip(batch.schema.names, first.columns, strict=True))
        known = {name: _plain(columns[name]) for name in self._formats if name in columns}
        for name, values in known.items():
            self._formats[name].take(values)
        if self.wanted and self._sampled < MOST_ROWS:
            for name in self.wanted:
                if name in columns:
                    self._samples.setdefault(name, []).append(_plain(columns[name]))
            self._sampled += first.num_rows
        if len(known) == len(self._columns):  # rows are equal when all that the model takes is
            self._count_repeats(known)

    def findings(self) -> tuple[Finding, ...]:
        """Give what was found, columns that are missing first."""
        import pyarrow as pa

        values = {name: pa.concat_arrays(parts) for name, parts in self._samples.items() if _alike(parts)}
        moved = renamed(self._missing, values, self._baseline.features)
        formats = (each for one in self._formats.values() for each in one.findings())
        repeated = judged(self._repeated, self._baseline)
        alarms = () if repeated is None or repeated.verdict != "alarm" else (repeated,)
        return (*self._of_names(moved), *formats, *alarms)

    def _count_repeats(self, columns: Mapping[str, pa.Array]) -> None:
        """Count rows that repeat an earlier one of these."""
        import pyarrow as pa

        hashes = hashes_of(pa.table(columns)) if columns else None
        if hashes is not None:
            counted = Memory().add(hashes.tolist())
            self._repeated = [one + other for one, other in zip(self._repeated, counted, strict=True)]

    def _of_names(self, moved: Sequence[Renamed]) -> Iterator[Finding]:
        yield from (_renamed(one) for one in moved)
        known = {one.known for one in moved}
        yield from (_missing(name, self._columns.get(name)) for name in self._missing if name not in known)
        given = {one.given for one in moved}
        added = [name for name in self._unknown if name not in given]
        if added:
            yield _added(added)


def look(
    rows: pa.Table | Iterable[pa.RecordBatch | pa.Table], schema: Schema, baseline: Baseline
) -> tuple[Finding, ...]:
    """Look at a table, or at batches of one schema, as `RowLook` does; nothing for no batches at all."""
    batches = iter([rows] if hasattr(rows, "schema") else rows)
    found: RowLook | None = None
    for batch in batches:
        if found is None:
            found = RowLook(schema, baseline, batch.schema.names)
        found.take(batch)
    return () if found is None else found.findings()


def _plain(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Take off what Arrow wraps values in: chunks, dictionaries, long offsets."""
    import pyarrow as pa

    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    long = pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type)
    return array.cast(pa.string()) if long else array


def _alike(parts: Sequence[pa.Array]) -> bool:
    return len({part.type for part in parts}) == 1


def _renamed(one: Renamed) -> Finding:
    return Finding(
        kind="quality",
        check="renamed_column",
        subject=f"feature:{one.known}",
        verdict="alarm",
        message=(
            f"there is no column {one.known!r}; {one.given!r} may be it: the names are "
            f"{percent(one.name_similarity)} alike, and {percent(one.likeness)} of its values lie where the "
            "baseline's do; rename it"
        ),
        value=one.likeness,
        unit="share",
        details={"given": one.given, "name_similarity": one.name_similarity},
    )


def _missing(name: str, column: Column | None) -> Finding:
    nullable = column is not None and column.nullable
    return Finding(
        kind="quality",
        check="missing_column",
        subject=f"feature:{name}",
        verdict="ok" if nullable else "alarm",
        message=(
            f"there is no column {name!r}; its values count as missing, which the schema allows"
            if nullable
            else f"there is no column {name!r}, and the model needs it; add it, or pack a model without it"
        ),
    )


def _added(names: Sequence[str]) -> Finding:
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Finding(
        kind="quality",
        check="unknown_column",
        subject="columns",
        verdict="ok",
        message=f"the model does not take {shown}{more}; a server refuses rows that have them",
        value=float(len(names)),
        unit="columns",
    )
