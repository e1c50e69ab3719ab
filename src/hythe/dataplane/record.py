"""Hands what happened over to the process beside: one copy into a ring for each batch, and no more work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from hythe.bundle.misfit import Fault
from hythe.bundle.rows import Array
from hythe.dataplane.slices import Slice, slices
from hythe.monitor.arrays import Field
from hythe.monitor.record import HEAD, RAN, Body, Call, Difference, Layout, Reply, padded
from hythe.runtime.ring import Ring

MOST_CELLS = 4096
"""An array with more cells than this in a row, such as an image's pixels, is left out."""
_NUMBERS = "biuf"
_SCALARS = "OUT"
_NOTHING: Mapping[str, Array] = {}
_PADS = [bytes(size) for size in range(8)]
_Run = tuple[int, int, float, float]
"""The end of a head: flags, UTC nanoseconds, seconds of inference and of encoding."""
_encode = msgspec.msgpack.Encoder().encode


class Recorder:
    """Writes what one version of an endpoint did into this process's ring; a full ring loses it and counts.

    `version` is "" for requests that came to none.

    >>> from hythe.runtime.ring import Ring, create
    >>> recorder = Recorder(Ring(create()), "churn", "1.0.0")
    >>> answers = {"value": np.array([0.5])}
    >>> recorder.batch([Call("id", 1)], {"numbers": np.zeros((1, 3))}, answers, inference_s=1e-5, at_ns=0)
    True
    """

    def __init__(self, ring: Ring, endpoint: str, version: str = "") -> None:
        self._ring = ring
        self._put = ring.put
        self._most_bytes = ring.capacity // 4
        self._bare = self._written = _Written(endpoint, version, _NOTHING, _NOTHING)

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
            written = self._written = _Written(self._bare.endpoint, self._bare.version, feeds, answers)
        marked = [] if refused is None else np.flatnonzero(refused).tolist()
        raw = [arrays[place] for place in written.raw]
        body = Body(calls, marked, [arrays[place].tolist() for place in written.lists])
        try:
            data = _encode(body)
        except TypeError:  # an answer that is neither number nor text has nothing to count
            body, raw, written = Body(calls, marked), [], self._bare
            data = _encode(body)
        flags = 0 if inference_s is None else RAN
        rows = calls[0].rows if len(calls) == 1 else sum([call.rows for call in calls])
        size = len(data) + rows * written.row_bytes
        if size > self._most_bytes:
            run = flags, at_ns, inference_s or 0.0, encode_s
            return self._in_slices(written, body, raw, size, run)
        head = HEAD.pack(written.length, len(data), rows, flags, at_ns, inference_s or 0.0, encode_s)
        parts = [head, written.data, data, _PADS[-len(data) % 8]]
        try:
            return self._put(parts + raw)
        except TypeError:  # an array whose memory is in another order has no plain buffer
            return self._put(parts + [np.ascontiguousarray(array) for array in raw])

    def alone(self, call: Call, *, at_ns: int, fault: Fault | None = None) -> bool:
        """Record a request that went through no model: refused, shed, or answered by a constant.

        `fault` is what was wrong with its rows, where they did not fit the schema.
        """
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

    def _in_slices(self, written: _Written, body: Body, raw: list[Array], size: int, run: _Run) -> bool:
        """Record a batch of `size` bytes in slices of about a quarter of what one may have."""
        rows = sum([call.rows for call in body.calls])
        most_rows = max(1, rows * self._most_bytes // (4 * size))
        put = [self._slice(written, part, run) for part in slices(body, raw, most_rows)]
        return all(put)

    def _slice(self, written: _Written, part: Slice, run: _Run) -> bool:
        """Record a slice, without arrays where it leaves less than a quarter of the ring to other records."""
        body, raw = part.body, [np.ascontiguousarray(array) for array in part.raw]
        data = _encode(body)
        room = min(self._most_bytes, 3 * self._most_bytes - self._ring.used)
        if len(data) + sum([array.nbytes for array in raw]) > room:
            data, raw, written = _encode(Body(body.calls, body.refused, whole=body.whole)), [], self._bare
        head = HEAD.pack(written.length, len(data), part.rows, *run)
        return self._put([head, written.data, data, _PADS[-len(data) % 8], *raw])

    def _small(self, body: Body, rows: int, at_ns: int, inference_s: float | None = None) -> bool:
        data, bare = _encode(body), self._bare
        flags = 0 if inference_s is None else RAN
        head = HEAD.pack(bare.length, len(data), rows, flags, at_ns, inference_s or 0.0, 0.0)
        return self._put((head, bare.data, data, _PADS[-len(data) % 8]))


class _Written:
    """A layout as bytes, and where its arrays are: `raw` ones go as they are, `lists` into the body."""

    def __init__(
        self, endpoint: str, version: str, feeds: Mapping[str, Array], answers: Mapping[str, Array]
    ) -> None:
        self.endpoint = endpoint
        self.version = version
        self._names = [*feeds, *answers]
        arrays = [*feeds.values(), *answers.values()]
        self._kinds = [(array.dtype, array.shape[1:]) for array in arrays]
        self.raw: list[int] = []
        self.lists: list[int] = []
        self.row_bytes = 0
        inputs: list[Field] = []
        outputs: list[Field] = []
        for place, (name, array) in enumerate(zip(self._names, arrays, strict=True)):
            fields = inputs if place < len(feeds) else outputs
            shape = array.shape[1:]
            if int(np.prod(shape, dtype=np.int64)) > MOST_CELLS:
                continue
            if array.dtype.kind in _NUMBERS:
                fields.append(Field(name, array.dtype.str, shape))
                self.raw.append(place)
                self.row_bytes += fields[-1].row_bytes
            elif array.dtype.kind in _SCALARS and fields is outputs:
                fields.append(Field(name, "", shape))
                self.lists.append(place)
        encoded = _encode(Layout(endpoint, version, tuple(inputs), tuple(outputs)))
        self.length = len(encoded)
        self.data = encoded + bytes(padded(self.length) - self.length)

    def takes(
        self, feeds: Mapping[str, Array], answers: Mapping[str, Array], arrays: Sequence[Array]
    ) -> bool:
        """Tell whether these arrays have this layout."""
        if [*feeds, *answers] != self._names:
            return False
        for array, (dtype, shape) in zip(arrays, self._kinds, strict=True):
            # Nearly always it is the very object, which is far cheaper to see than that two are equal.
            if (array.dtype is not dtype and array.dtype != dtype) or array.shape[1:] != shape:
                return False
        return True
