"""Small batches that are recorded together: what a record costs is shared by all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hythe.bundle.rows import Array
from hythe.dataplane.written import Written
from hythe.monitor.call import LATER, Call
from hythe.monitor.record import Run

HOLD_S = 0.1
"""So long a batch waits at most for others; a process that is killed takes what waits with it."""
MOST_CALLS = 64
_MOST_BYTES = 2**16
_FEW_CALLS, _FEW_BYTES = 16, 2**14
"""A batch above either is recorded by itself: it costs little for each of its requests."""
_SECOND_NS = 1_000_000_000


class Pool:
    """Gathers runs of one layout, whose requests were answered by one arm of one plan in one second.

    Arrays are copied: who made them may use their memory again.
    """

    def __init__(self, call: Call, at_ns: int, written: Written) -> None:
        self._share = call.share
        self._revision = call.revision
        self._until_ns = at_ns - at_ns % _SECOND_NS + _SECOND_NS
        self.calls: list[Call] = []
        self.runs: list[Run] = []
        self.rows = 0
        self.arrays: list[list[bytes]] = [[] for _ in written.raw]
        self.lists: list[list[Any]] = [[] for _ in written.lists]
        self._bytes = 0
        self._raw = list(zip(written.raw, [pieces.append for pieces in self.arrays], strict=True))
        self._listed = list(zip(written.lists, self.lists, strict=True))

    @property
    def full(self) -> bool:
        """Whether it should be recorded now."""
        return len(self.calls) >= MOST_CALLS or self._bytes >= _MOST_BYTES

    def takes(self, call: Call, at_ns: int) -> bool:
        """Tell whether requests like `call`, answered at `at_ns`, may come to those that are here."""
        return at_ns < self._until_ns and call.share == self._share and call.revision == self._revision

    def add(self, calls: Sequence[Call], arrays: Sequence[Array], size: int, run: Run) -> None:
        """Take a run, whose arrays are of `size` bytes."""
        self.calls += calls
        self.runs.append(run)
        self.rows += run.rows
        self._bytes += size
        for place, append in self._raw:
            append(arrays[place].tobytes())
        for place, listed in self._listed:
            values = arrays[place].tolist()
            listed.extend(values)
            if values and type(values[-1]) is str:  # texts of one output are about as long as each other
                self._bytes += len(values) * len(values[-1])


def poolable(calls: Sequence[Call], size: int) -> bool:
    """Tell whether a batch of `size` bytes is small, and its calls are over, answered, and by one arm.

    >>> poolable([Call("a", 1, share=0.5), Call("b", 1, share=0.5)], 100)
    True
    >>> poolable([Call("a", 1, share=0.5), Call("b", 1, share=0.25)], 100)
    False
    """
    if len(calls) > _FEW_CALLS or size > _FEW_BYTES:
        return False
    share, revision = calls[0].share, calls[0].revision
    for call in calls:
        if call.outcome != "answered" or call.flags & LATER:
            return False
        if call.share != share or call.revision != revision:
            return False
    return True
