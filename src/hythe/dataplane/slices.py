"""A batch too large for one record, cut into slices: whoever adds them up finds what the batch would give."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from hythe.bundle.rows import Array
from hythe.monitor.records.call import LATER, PART, Call
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.record import Body, Whole


class Slice(NamedTuple):
    """Some rows of a batch: the body and the raw arrays of their record."""

    rows: int
    body: Body
    raw: list[Array]


def slices(body: Body, raw: Sequence[Array], most_rows: int) -> Iterator[Slice]:
    """Cut the body and the raw arrays of a batch into slices of `most_rows` rows or less; arrays are views.

    A call across a border goes on in the next slice, and counts where it ends. The run counts with the first
    slice that has a call of the lowest share and revision, for there it would count if the batch were whole.

    >>> batch = Body(Calls.of([Call("a", 1), Call("b", 2)]), refused=[2])
    >>> one, two = slices(batch, [], most_rows=2)
    >>> [(call.id, call.rows, call.first, call.flags) for call in (*one.body.calls, *two.body.calls)]
    [('a', 1, 0, 0), ('b', 1, 0, 4), ('b', 1, 1, 0)]
    >>> one.body.refused, two.body.refused
    ([], [0])
    """
    calls, rows = [*body.calls], body.calls.n_rows
    lowest = min([_arm(call) for call in calls])
    counted, start = False, 0
    for pieces in _cut(calls, most_rows):
        end = start + sum([piece.rows for piece in pieces])
        counts = not counted and any(_arm(piece) == lowest for piece in pieces)
        part = Body(
            Calls.of(pieces),
            _within(body.refused, start, end),
            [values[start:end] for values in body.lists],
            whole=Whole(calls[0].id, rows, counts),
        )
        yield Slice(end - start, part, [array[start:end] for array in raw])
        counted, start = counted or counts, end


def _arm(call: Call) -> tuple[float, int]:
    return call.share, call.revision


def _cut(calls: Sequence[Call], most_rows: int) -> Iterator[list[Call]]:
    """Give the calls, or pieces of them, of each slice."""
    pieces: list[Call] = []
    room = most_rows
    for call in calls:
        rest = call
        while rest.rows > room:
            if room:
                # A reply that comes later is to find the last piece, which stands for the request.
                pieces.append(replace(rest, rows=room, flags=(rest.flags & ~LATER) | PART))
                rest = replace(rest, rows=rest.rows - room, first=rest.first + room)
            yield pieces
            pieces, room = [], most_rows
        pieces.append(rest)
        room -= rest.rows
    yield pieces


def _within(refused: Sequence[int], start: int, end: int) -> list[int]:
    """Give the refused rows, which are in order, from `start` to `end`, counted from `start`."""
    return [row - start for row in refused[bisect_left(refused, start) : bisect_left(refused, end)]]
