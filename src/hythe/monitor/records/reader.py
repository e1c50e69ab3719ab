"""Reads what serving processes hand over."""

from __future__ import annotations

import struct

import msgspec

from hythe.base.errors import Corrupt
from hythe.monitor.records.arrays import NO_ARRAYS, Cut, Cuts
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.record import HEAD, RAN, BatchRecord, Body, Layout, Whole


class RecordReader:
    """Reads records; layouts that it has seen are not read again."""

    def __init__(self) -> None:
        self._plans: dict[bytes, _Plan] = {}
        self._body = msgspec.msgpack.Decoder(Body).decode

    def __call__(self, data: memoryview) -> BatchRecord:
        """Read one record; raises Corrupt when it is none."""
        try:
            return self._read(data)
        except (struct.error, IndexError, TypeError, ValueError, msgspec.MsgspecError) as err:
            raise Corrupt(f"a record of {len(data)} bytes cannot be read: {err}; report this") from err

    def _read(self, data: memoryview) -> BatchRecord:
        layout_size, body_size, rows, flags, at_ns, inference_s, encode_s = HEAD.unpack_from(data)
        start = HEAD.size + layout_size + -layout_size % 8
        plan = self._plan(bytes(data[HEAD.size : HEAD.size + layout_size]))
        body = self._body(data[start : start + body_size])
        start += body_size + -body_size % 8
        if start + rows * plan.outputs.row_bytes > len(data) or plan.outputs.lists > len(body.lists):
            raise ValueError("it ends before its arrays do")
        ran, calls, whole = bool(flags & RAN), body.calls, body.whole
        return BatchRecord(
            plan.layout,
            at_ns,
            rows,
            ran,
            inference_s,
            calls,
            body.refused,
            Cut(plan.inputs, data, start, rows, body.lists) if plan.inputs.names else NO_ARRAYS,
            Cut(plan.outputs, data, start, rows, body.lists) if plan.outputs.names else NO_ARRAYS,
            encode_s,
            _batch(calls, whole) if ran else "",
            body.replies,
            whole,
            body.told,
            body.differences,
            body.faults,
            body.runs,
        )

    def _plan(self, written: bytes) -> _Plan:
        plan = self._plans.get(written)
        if plan is None:
            plan = self._plans[written] = _Plan(msgspec.msgpack.decode(written, type=Layout))
        return plan


class _Plan:
    """How to read the records of one layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.inputs = Cuts(layout.inputs)
        self.outputs = Cuts(layout.outputs, self.inputs.row_bytes, self.inputs.lists)


def _batch(calls: Calls, whole: Whole | None) -> str:
    return calls.id[0] if whole is None else whole.batch
