"""Hands what happened over to the process beside: one copy into a ring for a batch or some, no more work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from hythe.bundle.misfit import Fault
from hythe.bundle.rows import Array
from hythe.dataplane.pool import HOLD_S, Batch, Pool, body_of, is_small
from hythe.dataplane.slices import Slice, slices
from hythe.dataplane.written import Written
from hythe.monitor.records.call import UNSEEN, Call
from hythe.monitor.records.calls import NO_CALLS, Calls
from hythe.monitor.records.record import HEAD, RAN, Body, Difference, Reply
from hythe.runtime.ring import Ring

_NOTHING: Mapping[str, Array] = {}
_PADS = [bytes(size) for size in range(8)]
_Times = tuple[int, int, float, float]
"""The end of a head: flags, UTC nanoseconds, seconds of inference and of encoding."""
Later = Callable[[float, Callable[[], None]], object]
"""Calls something after so many seconds."""
_encode = msgspec.msgpack.Encoder().encode


class Recorder:
    """Writes what one version of an endpoint did into this process's ring; a full ring loses it and counts.

    `version` is "" for requests that came to none. With `later`, small batches wait a moment for others
    (`hythe.dataplane.pool`), and `flush` has to be called before the process ends. The ring is told of all
    requests of an endpoint that left.

    >>> from hythe.runtime.ring import Ring, create
    >>> recorder = Recorder(Ring(create()), "churn", "1.0.0")
    >>> answers = {"value": np.array([0.5])}
    >>> recorder.batch([Call("id", 1)], {"numbers": np.zeros((1, 3))}, answers, inference_s=1e-5, at_ns=0)
    True
    """

    def __init__(self, ring: Ring, endpoint: str, version: str = "", *, later: Later | None = None) -> None:
        self._ring = ring
        self._put = ring.put
        self._most_bytes = ring.capacity // 4
        self._bare = self._written = Written(endpoint, version, _NOTHING, _NOTHING)
        self._later = later
        self._pool: Pool | None = None
        self._alarmed = False

    def batch(
        self,
        calls: list[Call],
        feeds: Mapping[str, Array],
        answers: Mapping[str, Array] = _NOTHING,
        refused: Array | None = None,
        *,
        inference_s: float | None,
        encode_s: float = 0.0,
        at_ns: int,
    ) -> bool:
        """Record one run of the model; False when it, or a slice of it, was lost.

        `feeds` are the tensors that the model was fed, with those of `Observed` beside them; their rows, and
        those of `answers`, are the rows of `calls` in turn. `refused` (bool [rows]) marks the rows that the
        model refused, None for none. `answers` is empty when the run failed. `inference_s` is None where the
        answers are those of an earlier run. `at_ns` is UTC, `encode_s` the time up to it from the run's end.
        A batch above a quarter of the ring goes in slices (`hythe.dataplane.slices`).
        """
        batch = Batch(calls, feeds, answers, at_ns, inference_s, encode_s)
        if self._later is None:
            return self._one(batch, refused)
        pool = self._pool
        if refused is None and pool is not None and pool.took(batch):
            return not pool.full or self.flush()
        self.flush()
        return (refused is None and self._begins(batch)) or self._one(batch, refused)

    def flush(self) -> bool:
        """Record what waits for others; False when it was lost, or some of it."""
        pool, self._pool = self._pool, None
        return pool is None or self._together(pool.batches)

    def alone(self, call: Call, *, at_ns: int, fault: Fault | None = None) -> bool:
        """Record a request that went through no model: refused, shed, or answered by a constant.

        `fault` is what was wrong with its rows, where they did not fit the schema.
        """
        self.flush()
        return self._small(Body(Calls.of([call]), faults=[] if fault is None else [fault]), at_ns)

    def reply(self, reply: Reply, *, at_ns: int) -> bool:
        """Record how a request ended that was in an earlier record, with the flag `LATER`."""
        return self._small(Body(NO_CALLS, replies=[reply]), at_ns)

    def copies(
        self, calls: list[Call], told: list[Difference], *, inference_s: float | None, at_ns: int
    ) -> bool:
        """Record what a shadow did with copies, and rows that it answered otherwise.

        `inference_s` is that of its call of the model, None where there was none.
        """
        return self._small(Body(Calls.of(calls), differences=told), at_ns, inference_s)

    def _begins(self, batch: Batch) -> bool:
        """Have a batch wait for others; False when it is not one that does."""
        pool = Pool(batch)
        if self._later is None or not is_small(batch) or not pool.took(batch):
            return False
        self._pool = pool
        if not self._alarmed:
            self._alarmed = True
            self._later(HOLD_S, self._alarm)
        return True

    def _alarm(self) -> None:
        self._alarmed = False
        self.flush()

    def _fit(self, batch: Batch) -> Written:
        """Give the layout of a batch, from now on that of the version's records."""
        if not _fits(self._written, batch):
            self._written = Written(self._bare.endpoint, self._bare.version, batch.feeds, batch.answers)
        return self._written

    def _together(self, batches: Sequence[Batch]) -> bool:
        """Record batches as one, or in two parts where they are not alike, or too many for one record."""
        if len(batches) == 1:
            return self._one(batches[0])
        written = self._fit(batches[0])
        joined = written.joined([batch.feeds for batch in batches], [batch.answers for batch in batches])
        if joined is None:
            end = next((place for place, one in enumerate(batches) if place and not _fits(written, one)), 1)
        else:
            body = body_of(batches, joined[1])
            data, rows = _encoded(body), body.calls.n_rows
            if data is not None and len(data) + rows * written.row_bytes <= self._most_bytes:
                times = 0, batches[-1].at_ns, 0.0, 0.0
                return self._plain(written, data, joined[0], rows, times, body.calls)
            end = len(batches) // 2
        put = self._together(batches[:end])
        return self._together(batches[end:]) and put

    def _one(self, batch: Batch, refused: Array | None = None) -> bool:
        """Record a batch by itself."""
        written, arrays = self._fit(batch), batch.arrays
        marked = [] if refused is None else np.flatnonzero(refused).tolist()
        body = Body(Calls.of(batch.calls), marked, [arrays[place].tolist() for place in written.lists])
        flags, inference_s = (0, 0.0) if batch.inference_s is None else (RAN, batch.inference_s)
        times = flags, batch.at_ns, inference_s, batch.encode_s
        return self._whole(written, body, [arrays[place] for place in written.raw], times)

    def _whole(self, written: Written, body: Body, raw: list[Any], times: _Times) -> bool:
        """Record a body with its arrays, in slices where they are large."""
        data = _encoded(body)
        if data is None:
            return self._whole(self._bare, _bare(body), [], times)
        rows = body.calls.n_rows
        size = len(data) + rows * written.row_bytes
        if size > self._most_bytes:
            return self._in_slices(written, body, raw, size, times)
        return self._plain(written, data, raw, rows, times, body.calls)

    def _plain(
        self, written: Written, data: bytes, raw: list[Any], rows: int, times: _Times, calls: Calls
    ) -> bool:
        """Record a body and its arrays as they are."""
        try:
            put = self._write(written, data, raw, rows, times, calls.n)
        except TypeError:  # an array whose memory is in another order has no plain buffer
            plain = [np.ascontiguousarray(array) for array in raw]
            put = self._write(written, data, plain, rows, times, calls.n)
        self._left(calls)
        return put

    def _in_slices(self, written: Written, body: Body, raw: list[Array], size: int, times: _Times) -> bool:
        """Record a batch of `size` bytes in slices of about a quarter of what one may have."""
        most_rows = max(1, body.calls.n_rows * self._most_bytes // (4 * size))
        put = [self._slice(written, part, times) for part in slices(body, raw, most_rows)]
        self._left(body.calls)
        return all(put)

    def _slice(self, written: Written, part: Slice, times: _Times) -> bool:
        """Record a slice, without arrays where it leaves less than a quarter of the ring to other records."""
        body, raw = part.body, [np.ascontiguousarray(array) for array in part.raw]
        data = _encode(body)
        room = min(self._most_bytes, 3 * self._most_bytes - self._ring.used)
        if len(data) + sum([array.nbytes for array in raw]) > room:
            data, raw, written = _encode(_bare(body)), [], self._bare
        return self._write(written, data, raw, part.rows, times)

    def _small(self, body: Body, at_ns: int, inference_s: float | None = None) -> bool:
        times = (0 if inference_s is None else RAN), at_ns, inference_s or 0.0, 0.0
        put = self._write(self._bare, _encode(body), [], body.calls.n_rows, times)
        self._left(body.calls)
        return put

    def _write(
        self, written: Written, data: bytes, raw: list[Any], rows: int, times: _Times, requests: int = 1
    ) -> bool:
        """Put a record together in the ring; False when it was lost."""
        head = HEAD.pack(written.length, len(data), rows, *times)
        return self._put([head, written.data, data, _PADS[-len(data) % 8], *raw], requests)

    def _left(self, calls: Calls) -> None:
        """Tell the ring which requests of an endpoint are over, and put or lost."""
        if self._bare.endpoint and calls.n and calls.having(UNSEEN) is None:
            self._ring.leave(calls.n)


def _fits(written: Written, batch: Batch) -> bool:
    return written.takes(batch.feeds, batch.answers, batch.arrays)


def _encoded(body: Body) -> bytes | None:
    """Write a body; None where an answer is neither number nor text, and has nothing to count."""
    try:
        return _encode(body)
    except TypeError:
        return None


def _bare(body: Body) -> Body:
    """Leave out what was answered."""
    return Body(body.calls, body.refused, whole=body.whole, runs=body.runs)
