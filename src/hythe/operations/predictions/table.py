"""Records of answered requests as a table, a row for each answered row: the form of the prediction log.

Features stand under their own names, with the types of the schema. All else begins with `hythe_`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Schema
from hythe.bundle.types import arrow_type
from hythe.monitor.records.arrays import together
from hythe.monitor.records.call import CACHED, DEGRADED, UNSEEN
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.columns import wide
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.records.restore import Restored, Restorer
from hythe.monitor.records.sample import DRAW, least

OURS = "hythe_"
"""How the names begin of all columns that are no features."""
UNTOLD = "hythe_untold"
"""The column of the names of features that had a value in this row which was not recorded."""
OUTPUT = "hythe_output_"
NOTE = b"hythe.predictions"
"""The key of the file's metadata: JSON of what is not in it, and why."""
_UNIT_S = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def wanted(calls: Calls, drawn: str) -> NDArray[np.bool_]:
    """Mark calls whose rows are logged: answered, seen by the caller, in the sample from `drawn` on."""
    outcomes, unseen = wide(calls.outcome, len(calls)), calls.having(UNSEEN)
    found = [
        outcome == "answered" and id_[DRAW] >= drawn for outcome, id_ in zip(outcomes, calls.id, strict=True)
    ]
    return np.array(found, dtype=np.bool_) & ~np.array(unseen or [False] * len(calls), dtype=np.bool_)


class Rows:
    """Makes tables of one version's records; `leave_out` are names of features and outputs.

    A record whose arrays were left out (`hythe.dataplane.slices`) gives rows whose features are all untold.
    """

    def __init__(
        self, schema: Schema, restorer: Restorer, *, leave_out: Sequence[str] = (), share: float = 1.0
    ) -> None:
        self._restorer = restorer
        self._left_out = {*leave_out}
        self._least = least(share)
        self._tensors = [tensor.name for tensor in schema.tensors if tensor.name not in self._left_out]
        hidden = sorted({column.name for column in schema.columns if column.sensitive} | self._left_out)
        note = {"share": share, "left_out": hidden, "unread": restorer.unread}
        classes = {output.name: output.classes for output in schema.outputs if output.classes}
        self._note = {NOTE: msgspec.json.encode({**note, "classes": classes})}

    def table(self, records: Sequence[BatchRecord]) -> pa.Table | None:
        """Make the table of records that are laid out alike; None where they have no row to log."""
        calls = Calls.stacked([record.calls for record in records])
        rows = np.array(wide(calls.rows, len(calls)), dtype=np.int64)
        chosen = np.repeat(wanted(calls, self._least), rows) & _answered(records)
        if not chosen.any():
            return None
        count = len(chosen)
        restored = self._restorer(dict(together(record.inputs for record in records)), count)
        columns: dict[str, pa.Array] = {
            **_of_calls(calls, rows, chosen),
            **_of_records(records, chosen),
            **{
                column.name: _feature(column, restored[column.name], chosen)
                for column in self._restorer.columns
            },
            **self._arrays(records, chosen),
            UNTOLD: _untold(restored, chosen),
        }
        return pa.table(columns).replace_schema_metadata(self._note)

    def _arrays(self, records: Sequence[BatchRecord], chosen: NDArray[np.bool_]) -> dict[str, pa.Array]:
        """Give tensors and outputs."""
        inputs = dict(together(record.inputs for record in records)) if self._tensors else {}
        found = {name: _cells(inputs[name][chosen]) for name in self._tensors if name in inputs}
        for name, values in together(record.outputs for record in records):
            if name not in self._left_out:
                found[f"{OUTPUT}{name}"] = _cells(values[chosen])
        return found


def _answered(records: Sequence[BatchRecord]) -> NDArray[np.bool_]:
    """Mark the rows that went through a model, which did not refuse them."""
    parts = []
    for record in records:
        part = np.full(record.rows, bool(record.inputs or record.outputs))
        part[record.refused] = False
        parts.append(part)
    return np.concatenate(parts)


def _of_calls(calls: Calls, rows: NDArray[np.int64], chosen: NDArray[np.bool_]) -> dict[str, pa.Array]:
    n, flags = len(calls), np.array(wide(calls.flags, len(calls)), dtype=np.int64)
    first = np.repeat(wide(calls.first, n), rows)
    place = np.arange(len(chosen)) - np.repeat(np.cumsum(rows) - rows, rows)

    def each(values: Sequence[Any] | Array, kind: pa.DataType) -> pa.Array:
        return pa.array(values, type=kind).take(pa.array(np.repeat(np.arange(n), rows)[chosen]))

    return {
        "hythe_prediction_id": each(calls.id, pa.string()),
        "hythe_row": pa.array((first + place)[chosen], type=pa.int32()),
        "hythe_share": each(wide(calls.share, n), pa.float64()),
        "hythe_revision": each(wide(calls.revision, n), pa.int64()),
        "hythe_degraded": each(flags & DEGRADED > 0, pa.bool_()),
        "hythe_cached": each(flags & CACHED > 0, pa.bool_()),
        "hythe_duration_s": each(wide(calls.duration_s, n), pa.float64()),
        "hythe_queue_s": each(wide(calls.queue_s, n), pa.float64()),
    }


def _of_records(records: Sequence[BatchRecord], chosen: NDArray[np.bool_]) -> dict[str, pa.Array]:
    batches = [record.batches for record in records]
    counts = list(chain.from_iterable([wide(runs.rows, len(runs)) for runs in batches]))
    at_us = np.repeat([at_ns // 1000 for runs in batches for at_ns in runs.at_ns], counts)[chosen]
    taken_s = [math.nan if seconds is None else seconds for runs in batches for seconds in runs.inference_s]
    inference = np.repeat(taken_s, counts)
    return {
        "hythe_time": pa.array(at_us, type=pa.timestamp("us", "UTC")),
        "hythe_inference_s": pa.array(inference[chosen], from_pandas=True),
    }


def _feature(column: Column, found: Restored, chosen: NDArray[np.bool_]) -> pa.Array:
    kind, absent = arrow_type(column), (found.missing | found.untold)[chosen]
    values = found.values[chosen]
    if found.words is not None:
        words = pa.array(found.words, type=kind)
        return words.take(pa.array(values, mask=absent))
    there = np.where(absent, 0, values)
    if column.type == "timestamp":
        units = np.rint(there * 10**6).astype(np.int64) if column.unit == "ns" else None
        whole = units * 1000 if units is not None else np.rint(there * _UNIT_S[column.unit]).astype(np.int64)
        return pa.array(whole, type=pa.int64(), mask=absent).cast(kind)
    return pa.array(there.astype(kind.to_pandas_dtype()), type=kind, mask=absent)


def _untold(restored: Mapping[str, Restored], chosen: NDArray[np.bool_]) -> pa.Array:
    """List, for each row, the features whose value was not recorded."""
    count = int(chosen.sum())
    names: list[list[str]] = [[] for _ in range(count)]
    for name, found in restored.items():
        for row in np.flatnonzero(found.untold[chosen]).tolist():
            names[row].append(name)
    return pa.array(names, type=pa.list_(pa.string()))


def _cells(values: Array) -> pa.Array:
    """Make a column of an array; what has several cells in a row becomes a list, in C order."""
    flat = pa.array(values.reshape(-1).tolist() if values.dtype == object else values.reshape(-1))
    if values.ndim == 1:
        return flat
    return pa.FixedSizeListArray.from_arrays(flat, math.prod(values.shape[1:]))
