"""Calls put together with their replies, where a door wrote those later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from hythe.monitor.records.call import LATER, Call
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.record import BatchRecord, Reply

PATIENCE_S = 5.0
"""How long a call waits for its reply; one that a dying process owes never comes."""
_MOST_WAITING = 20_000


class Replies:
    """Holds calls with the flag `LATER` back until their replies come.

    >>> from hythe.monitor.records.record import Layout
    >>> layout, call, reply = Layout("churn", ""), Call("id", 1, flags=LATER), Reply("id", 200, 9, 1.0)
    >>> asked = BatchRecord(layout, 0, 1, False, 0.0, Calls.of([call]), [], {}, {})
    >>> told = BatchRecord(layout, 0, 0, False, 0.0, Calls.of([]), [], {}, {}, replies=[reply])
    >>> replies = Replies()
    >>> replies.settled([asked], now_s=0.0)
    []
    >>> [record.calls.status for record in replies.settled([told], now_s=0.1)]
    [200]
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._waiting: dict[str, tuple[float, BatchRecord]] = {}

    def settled(self, records: Sequence[BatchRecord], now_s: float) -> list[BatchRecord]:
        """Give records whose calls are over: those of `records`, and earlier ones.

        A call that came back from waiting is alone in its record, and its arrays are gone. One that has
        waited too long keeps its flag. `now_s` is monotonic.
        """
        found: list[BatchRecord] = []
        for record in records:
            if record.replies:
                found += filter(None, map(self._joined, record.replies))
            later = record.calls.having(LATER)
            if later is None:
                found += [record] * bool(record.calls)
                continue
            for call in record.calls.chosen(later):
                self._waiting[call.id] = now_s, _alone(record, call)
            if not all(later):
                others = record.calls.chosen([not one for one in later])
                found.append(replace(record, calls=others))
        return [*found, *self._overdue(now_s)]

    def all(self) -> list[BatchRecord]:
        """Give what still waits, and wait no longer."""
        waiting, self._waiting = self._waiting, {}
        return [record for _, record in waiting.values()]

    def _joined(self, reply: Reply) -> BatchRecord | None:
        _, record = self._waiting.pop(reply.id, (0.0, None))
        if record is None:
            return None
        [call] = record.calls
        more_s = reply.duration_s - call.duration_s
        ended = replace(
            call,
            status=reply.status,
            bytes_out=reply.bytes_out,
            duration_s=reply.duration_s,
            flags=call.flags & ~LATER,
        )
        at_ns = record.at_ns + int(more_s * 1e9)
        return replace(record, calls=Calls.of([ended]), at_ns=at_ns, encode_s=record.encode_s + more_s)

    def _overdue(self, now_s: float) -> Iterator[BatchRecord]:
        while self._waiting:
            oldest = next(iter(self._waiting))
            since_s, record = self._waiting[oldest]
            if now_s - since_s < self._patience_s and len(self._waiting) <= _MOST_WAITING:
                return
            del self._waiting[oldest]
            yield record


def _alone(record: BatchRecord, call: Call) -> BatchRecord:
    return replace(record, calls=Calls.of([call]), refused=[], inputs={}, outputs={}, replies=())
