"""Goldens: at most 512 rows with what the original model did on each, as one Arrow IPC file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa

from hythe.base.errors import Corrupt, Invalid, Unsupported
from hythe.bundle.canonical import canonical
from hythe.bundle.cells import Layout, pack, unpack
from hythe.bundle.documents import decode
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Rows, count

MOST_ROWS = 512
_META = b"hythe"
_FORMAT = 1
_Side: TypeAlias = Literal["in:", "out:"]


class _Layouts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The file's own description: `arrays` are the columns that hold numpy arrays."""

    format: int
    inputs: Literal["columns", "tensors"]
    arrays: dict[str, Layout]


@dataclass(frozen=True, slots=True)
class Goldens:
    """Rows, the original's outcome on each, and why each row is there.

    `kinds` are words such as `ordinary`, `threshold`, `missing`, `unseen`, `extreme`.
    """

    rows: Rows
    outcome: Outcome
    kinds: tuple[str, ...]

    def __post_init__(self) -> None:
        rows = count(self.rows)
        if rows > MOST_ROWS:
            raise Invalid(f"goldens have {rows} rows; keep the {MOST_ROWS} most telling ones")
        lengths = {len(self.kinds), len(self.outcome.refused), *map(len, self.outcome.answers.values())}
        if lengths != {rows}:
            raise Invalid(f"goldens have {rows} rows, but kinds and answers for {sorted(lengths)}")

    def encode(self) -> bytes:
        """Write an Arrow IPC file; equal goldens give equal bytes.

        Its columns are `kind`, `refused`, `in:<input>` and `out:<output>`, so that any Arrow reader shows
        them. NaN and infinities are kept bit by bit; answers to refused rows are zeros.
        """
        inputs, taken = self._inputs()
        answers = {f"out:{n}": pack(n, a, self.outcome.refused) for n, a in self.outcome.answers.items()}
        columns = {
            "kind": pa.array(self.kinds, pa.string()),
            "refused": pa.array(self.outcome.refused),
            **inputs,
            **{name: packed for name, (_, packed) in answers.items()},
        }
        layouts = {**taken, **{name: layout for name, (layout, _) in answers.items()}}
        kind: Literal["columns", "tensors"] = "columns" if isinstance(self.rows, pa.Table) else "tensors"
        meta = canonical(_Layouts(_FORMAT, kind, layouts))
        return _write(pa.table(columns).replace_schema_metadata({_META: meta}))

    def _inputs(self) -> tuple[dict[str, pa.Array], dict[str, Layout]]:
        if isinstance(self.rows, pa.Table):
            table = self.rows
            return {f"in:{name}": _clean(table.column(name)) for name in table.column_names}, {}
        nothing = np.zeros(count(self.rows), dtype=np.bool_)
        packed = {f"in:{name}": pack(name, values, nothing) for name, values in self.rows.items()}
        return (
            {name: column for name, (_, column) in packed.items()},
            {name: layout for name, (layout, _) in packed.items()},
        )

    @classmethod
    def decode(cls, raw: bytes) -> Goldens:
        """Read what `encode` wrote.

        Raises:
            Corrupt: when the bytes are cut, changed, or no goldens.
            Unsupported: when a newer Hythe wrote them in a format that this one cannot read.

        """
        table, about = _read(raw)
        rows, answers = _side(table, "in:", about), _side(table, "out:", about)
        return cls(
            rows if about.inputs == "tensors" else pa.table(list(rows.values()), names=list(rows)),
            Outcome(answers, table["refused"].to_numpy().astype(np.bool_)),
            tuple(table["kind"].to_pylist()),
        )


def _clean(column: pa.ChunkedArray) -> pa.Array:
    """Rebuild a column so that what lies under its nulls, and how it was sliced, leaves no trace."""
    array = column.combine_chunks()
    if pa.types.is_string(array.type) or pa.types.is_boolean(array.type):
        return pa.array(array.to_pylist(), array.type)
    if pa.types.is_timestamp(array.type):
        return _clean(pa.chunked_array([array.cast(pa.int64())])).cast(array.type)
    mask = array.is_null().to_numpy(zero_copy_only=False)
    values = array.fill_null(0).to_numpy(zero_copy_only=False)
    return pa.array(values, array.type, mask=mask if mask.any() else None, from_pandas=False)


def _write(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=None)) as writer:
        writer.write_table(table.combine_chunks())
    raw: bytes = sink.getvalue().to_pybytes()
    return raw


def _read(raw: bytes) -> tuple[pa.Table, _Layouts]:
    try:
        table = pa.ipc.open_file(pa.BufferReader(raw)).read_all()
        table.validate(full=True)
        meta = (table.schema.metadata or {})[_META]
        about = decode(meta, _Layouts, "the description of the goldens")
        kinds = {"kind": pa.string(), "refused": pa.bool_()}
        if any(table.schema.field(name).type != kind for name, kind in kinds.items()):
            raise Corrupt("the goldens lack their columns; fetch this version again")
    except (pa.ArrowException, OSError, KeyError) as err:
        raise Corrupt(f"the goldens cannot be read: {err}; fetch this version again") from err
    if about.format > _FORMAT:
        raise Unsupported(f"goldens of format {about.format}; this Hythe reads {_FORMAT}; upgrade Hythe")
    return table.replace_schema_metadata(None), about


def _side(table: pa.Table, prefix: _Side, about: _Layouts) -> dict[str, Any]:
    """Take the columns of one side by their own names, as Arrow or as the arrays that they hold."""
    found: dict[str, Any] = {}
    for name in table.column_names:
        if name.startswith(prefix):
            column = table.column(name).combine_chunks()
            layout = about.arrays.get(name)
            found[name.removeprefix(prefix)] = column if layout is None else unpack(layout, column)
    return found
