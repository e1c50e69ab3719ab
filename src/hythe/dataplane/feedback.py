"""What callers tell of their predictions, handed to the process beside; no catalog is asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec

from hythe.base.errors import TooLarge, Unavailable, Unsupported
from hythe.monitor.records.calls import NO_CALLS
from hythe.monitor.records.record import HEAD, Body, Layout, Told, padded
from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring
from hythe.runtime.server_metrics import FEEDBACK

_PIECE = 1000
_OVERHEAD = 16
_encode = msgspec.msgpack.Encoder().encode


class FeedbackDesk:
    """Takes what is told; it is kept once the sidecar has it, which outlives the catalog and this process.

    Without a `ring` there is nobody to keep it.
    """

    def __init__(self, counters: Counters, ring: Ring | None = None) -> None:
        self._counters = counters
        self._ring = ring

    async def take(self, endpoint: str, told: Sequence[Told]) -> int:
        """Take all of it or nothing, as told now; give of how many rows it is. Others get turns meanwhile.

        Raises:
            Unsupported: when this server keeps no feedback.
            TooLarge: when it would never find room.
            Unavailable: when there is no room just now.

        """
        if self._ring is None:
            raise Unsupported(
                "this server has no catalog to keep feedback in; tell one that was started with a catalog"
            )
        at_ns, layout, records = time.time_ns(), _encode(Layout(endpoint, "")), []
        rows: set[tuple[str, int]] = set()
        for start in range(0, len(told), _PIECE):
            piece = list(told[start : start + _PIECE])
            records.append(_record(layout, piece, at_ns))
            rows.update((each.id, each.row) for each in piece)
            await asyncio.sleep(0)
        self._admit(self._ring, [len(record) + _OVERHEAD for record in records])
        for record in records:
            self._ring.put((record,))
        self._counters.counter(FEEDBACK.name, endpoint=endpoint).add(len(rows))
        return len(rows)

    @staticmethod
    def _admit(ring: Ring, sizes: Sequence[int]) -> None:
        """See that all records find room, and that a quarter of the ring is left to those of predictions."""
        needed = sum(sizes) + max(sizes, default=0)  # one of them may have to begin at the ring's beginning
        if needed > ring.capacity // 2:
            raise TooLarge(
                f"the feedback takes {needed} bytes, more than {ring.capacity // 2}; send less at a time"
            )
        if ring.used + needed > ring.capacity // 4 * 3:
            raise Unavailable("there is no room for feedback just now; send it again in a second")


def _record(layout: bytes, told: list[Told], at_ns: int) -> bytes:
    body = _encode(Body(NO_CALLS, told=told))
    head = HEAD.pack(len(layout), len(body), 0, 0, at_ns, 0.0, 0.0)
    pad = bytes(padded(len(layout)) - len(layout))
    return b"".join((head, layout, pad, body, bytes(-len(body) % 8)))
