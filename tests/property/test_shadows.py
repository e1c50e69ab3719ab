"""Whatever happens in whatever order: callers hear the champion, and every copy ends in one way."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.dataplane.shadowed import TWO, Asked, Pair

from hythe.base.errors import Busy
from hythe.dataplane.shadow.room import Room
from hythe.monitor.records.call import SHADOW
from hythe.monitor.records.sample import sampled
from hythe.runtime.counters import Counters, create

xs = st.lists(st.floats(-0.5, 3.0).map(lambda x: round(x, 2)), min_size=1, max_size=4)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("put"), xs),
        st.tuples(st.just("turn"), st.none()),
        st.tuples(st.just("step"), st.integers(0, 3)),
        st.tuples(st.just("tick"), st.sampled_from([0.001, 0.05, 0.6])),
        st.tuples(st.just("broken"), st.booleans()),
    ),
    max_size=60,
)


def cells(ticket: Asked) -> list[float]:
    rows: Any = ticket.batch
    return [row.c0 for row in rows]


def play(pair: Pair, story: list[tuple[str, object]]) -> None:
    for number, (what, value) in enumerate(story):
        if what == "put":
            ticket = pair.put(*value)  # type: ignore[misc]  # the strategy gives a list
            ticket.id = f"017f22e2-79b0-7000-80{number * 37 % 256:02x}-000000000000"
        elif what == "turn":
            pair.loop.turn()
        elif what == "step":
            pair.loop.step(value)  # type: ignore[arg-type]  # as above
        elif what == "tick":
            pair.loop.tick(value)  # type: ignore[arg-type]  # as above
        else:
            pair.shadow.broken = bool(value)
    pair.loop.drain()
    for _ in range(30):
        pair.rest()


@settings(max_examples=100, deadline=None)
@given(story=actions, inline=st.booleans(), share=st.sampled_from([0.3, 1.0]), closes=st.booleans())
def test_callers_hear_the_champion_and_every_copy_ends_once(
    story: list[tuple[str, object]], inline: bool, share: float, closes: bool
) -> None:
    descriptor = create(slots=1)
    try:
        pair = Pair(Counters(descriptor, 0), share=share, inline=inline, cut=1.0, room=Room(rows=8, copies=4))
        play(pair, story)
        if closes:
            pair.shadows.close()
        answered = []
        for ticket in pair.asked:
            [heard] = ticket.heard
            if isinstance(heard, Exception):
                assert isinstance(heard, Busy) or min(cells(ticket)) < 0
            else:
                assert heard == ["yes" if x > 0 else "no" for x in cells(ticket)]
                answered.append(ticket)
        counted = pair.counted()
        assert sum(counted.values()) == sum(sampled(ticket.id, share) for ticket in answered)
        copies = [call for record in pair.records() for call in record.calls if call.flags & SHADOW]
        assert len(copies) == counted.get("answered", 0) + counted.get("failed", 0)
        assert (pair.room.rows, pair.room.copies, pair.lives[TWO].copies) == (0, 0, 0)
        expected = {
            ticket.id: round(1000 * sum(0 < x <= 1.0 for x in cells(ticket)) / ticket.rows)
            for ticket in answered
        }
        assert all(call.changed == expected[call.id] for call in copies if call.outcome == "answered")
    finally:
        os.close(descriptor)
