"""Small batches that are recorded together: what a record costs is shared by all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hythe.bundle.rows import Array
from hythe.monitor.records.call import LATER, Call
from hythe.monitor.records.calls import Calls, Runs
from hythe.monitor.records.columns import narrow
from hythe.monitor.records.record import Body

HOLD_S = 0.1
"""So long a batch waits at most for others; a process that is killed takes what waits with it."""
MOST_CALLS = 64
_FEW_CALLS, _FEW_ROWS, _FEW_BYTES = 16, 16, 2**14
"""A batch above one of these is recorded by itself: it costs little for each of its requests."""
_SECOND_NS = 1_000_000_000


class Batch(msgspec.Struct, frozen=True, gc=False):
    """One run of the model, and the requests in it; the fields are those of `Recorder.batch`."""

    calls: Sequence[Call]
    feeds: Mapping[str, Array]
    answers: Mapping[str, Array]
    at_ns: int
    inference_s: float | None
    encode_s: float

    @property
    def arrays(self) -> list[Array]:
        """All arrays, those that were fed first."""
        return [*self.feeds.values(), *self.answers.values()]


class Pool:
    """Gathers batches like the `first`, whose requests were answered by one arm of one plan in one second.

    Their arrays are held as they are, so nobody may change them. What is done right behind a request costs
    several times what it costs in a loop, so there is little of that.
    """

    def __init__(self, first: Batch) -> None:
        call = first.calls[0]
        self._share = call.share
        self._revision = call.revision
        self._until_ns = first.at_ns - first.at_ns % _SECOND_NS + _SECOND_NS
        self._calls = 0
        self.batches: list[Batch] = []

    @property
    def full(self) -> bool:
        """Whether it should be recorded now."""
        return self._calls >= MOST_CALLS

    def took(self, batch: Batch) -> bool:
        """Take a batch, if it is small, and its calls are over, answered, and by this arm of this plan."""
        calls = batch.calls
        if batch.at_ns >= self._until_ns or len(calls) > _FEW_CALLS:
            return False
        size = 0
        for call in calls:
            if call.outcome != "answered" or call.flags & LATER:
                return False
            if call.share != self._share or call.revision != self._revision or call.rows > _FEW_ROWS:
                return False
            size += call.bytes_in
        if size > _FEW_BYTES:
            return False
        self.batches.append(batch)
        self._calls += len(calls)
        return True


def is_small(batch: Batch) -> bool:
    """Tell whether others may wait with a batch, by the bytes of its arrays."""
    return sum([array.nbytes for array in batch.arrays]) <= _FEW_BYTES


def body_of(batches: Sequence[Batch], lists: list[list[Any]]) -> Body:
    """Make the body of a record of several batches, whose arrays that are no numbers are `lists`."""
    calls = Calls.of([call for batch in batches for call in batch.calls])
    alone = calls.n == len(batches)
    return Body(
        calls,
        lists=lists,
        runs=Runs(
            [batch.at_ns for batch in batches],
            [batch.inference_s for batch in batches],
            [batch.encode_s for batch in batches],
            1 if alone else narrow([len(batch.calls) for batch in batches]),
            calls.rows if alone else narrow([sum([call.rows for call in batch.calls]) for batch in batches]),
        ),
    )
