"""Hands what happened over to the process beside: one copy into a ring for a batch or some, no more work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from hythe.bundle.misfit import Fault
from hythe.bundle.rows import Array
from hythe.dataplane.pool import HOLD_S, Pool, poolable
from hythe.dataplane.slices import Slice, slices
from hythe.dataplane.written import Written
from hythe.monitor.call import UNSEEN, Call
from hythe.monitor.record import HEAD, RAN, Body, Difference, Reply, Run
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
        arrays = [*feeds.values(), *answers.values()]
        written = self._written
        if not written.takes(feeds, answers, arrays):
            self.flush()
            written = self._written = Written(self._bare.endpoint, self._bare.version, feeds, answers)
        rows = calls[0].rows if len(calls) == 1 else sum([call.rows for call in calls])
        if self._later is not None:
            size = rows * written.row_bytes
            if refused is None and poolable(calls, size):
                return self._gather(calls, arrays, size, Run(len(calls), rows, at_ns, inference_s, encode_s))
            self.flush()
        marked = [] if refused is None else np.flatnonzero(refused).tolist()
        raw = [arrays[place] for place in written.raw]
        body = Body(calls, marked, [arrays[place].tolist() for place in written.lists])
        times = (0 if inference_s is None else RAN), at_ns, inference_s or 0.0, encode_s
        return self._whole(written, body, raw, rows, times)

    def flush(self) -> bool:
        """Record what waits for others; False when it was lost."""
        pool, self._pool = self._pool, None
        if pool is None:
            return True
        body = Body(pool.calls, lists=pool.lists, runs=pool.runs)
        raw = [b"".join(pieces) for pieces in pool.arrays]
        return self._whole(self._written, body, raw, pool.rows, (0, pool.runs[-1].at_ns, 0.0, 0.0))

    def alone(self, call: Call, *, at_ns: int, fault: Fault | None = None) -> bool:
        """Record a request that went through no model: refused, shed, or answered by a constant.

        `fault` is what was wrong with its rows, where they did not fit the schema.
        """
        self.flush()
        return self._small(Body([call], faults=[] if fault is None else [fault]), call.rows, at_ns)

    def reply(self, reply: Reply, *, at_ns: int) -> bool:
        """Record how a request ended that was in an earlier record, with the flag `LATER`."""
        return self._small(Body([], replies=[reply]), 0, at_ns)

    def copies(
        self, calls: list[Call], told: list[Difference], *, inference_s: float | None, at_ns: int
    ) -> bool:
        """Record what a shadow did with copies, and rows that it answered otherwise.

        `inference_s` is that of its call of the model, None where there was none.
        """
        rows = sum([call.rows for call in calls])
        return self._small(Body(calls, differences=told), rows, at_ns, inference_s)

    def _gather(self, calls: list[Call], arrays: list[Array], size: int, run: Run) -> bool:
        """Have a small batch wait for others, which are recorded before they would be too many."""
        pool = self._pool
        if pool is None or not pool.takes(calls[0], run.at_ns):
            self.flush()
            pool = self._pool = Pool(calls[0], run.at_ns, self._written)
            if not self._alarmed and self._later is not None:
                self._alarmed = True
                self._later(HOLD_S, self._alarm)
        pool.add(calls, arrays, size, run)
        return not pool.full or self.flush()

    def _alarm(self) -> None:
        self._alarmed = False
        self.flush()

    def _whole(self, written: Written, body: Body, raw: list[Any], rows: int, times: _Times) -> bool:
        """Record a body with its arrays, in slices where they are large."""
        try:
            data = _encode(body)
        except TypeError:  # an answer that is neither number nor text has nothing to count
            return self._whole(self._bare, _bare(body), [], rows, times)
        size = len(data) + rows * written.row_bytes
        if size > self._most_bytes and not body.runs:
            return self._in_slices(written, body, raw, size, times)
        if size > self._most_bytes and (raw or body.lists):  # one text is much longer than the others
            return self._whole(self._bare, _bare(body), [], rows, times)
        requests = len(body.calls)
        try:
            put = self._write(written, data, raw, rows, times, requests)
        except TypeError:  # an array whose memory is in another order has no plain buffer
            plain = [np.ascontiguousarray(array) for array in raw]
            put = self._write(written, data, plain, rows, times, requests)
        self._left(body.calls)
        return put

    def _in_slices(self, written: Written, body: Body, raw: list[Array], size: int, times: _Times) -> bool:
        """Record a batch of `size` bytes in slices of about a quarter of what one may have."""
        rows = sum([call.rows for call in body.calls])
        most_rows = max(1, rows * self._most_bytes // (4 * size))
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

    def _small(self, body: Body, rows: int, at_ns: int, inference_s: float | None = None) -> bool:
        times = (0 if inference_s is None else RAN), at_ns, inference_s or 0.0, 0.0
        put = self._write(self._bare, _encode(body), [], rows, times)
        self._left(body.calls)
        return put

    def _write(
        self, written: Written, data: bytes, raw: list[Any], rows: int, times: _Times, requests: int = 1
    ) -> bool:
        """Put a record together in the ring; False when it was lost."""
        head = HEAD.pack(written.length, len(data), rows, *times)
        return self._put([head, written.data, data, _PADS[-len(data) % 8], *raw], requests)

    def _left(self, calls: Sequence[Call]) -> None:
        """Tell the ring which requests of an endpoint are over, and put or lost."""
        if self._bare.endpoint and calls and not calls[0].flags & UNSEEN:
            self._ring.leave(len(calls))


def _bare(body: Body) -> Body:
    """Leave out what was answered."""
    return Body(body.calls, body.refused, whole=body.whole, runs=body.runs)
