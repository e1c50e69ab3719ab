"""The cache's laws: the same answers as without it, each heard once, within its bytes, whatever happens."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.dataplane.by_hand import ByHand, Heard

from hythe.base.errors import Busy, Cancelled, Invalid, TimedOut, Unavailable
from hythe.monitor.records.call import CACHED
from hythe.rollout.plan import CacheOptions
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.counters import Counters, create

TTL_S = 5.0
MOST_BYTES = 2100
"""Room for two answers of one row."""

ROWS = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, -1.0]), min_size=1, max_size=2)
EVENT = st.one_of(
    st.tuples(st.just("ask"), ROWS, st.sampled_from([1e9, 1e9, 0.5, 3.0])),
    st.tuples(st.just("ask"), st.just([1.0]), st.sampled_from([1e9, 0.5])),
    st.tuples(st.just("turn")),
    st.tuples(st.just("drain")),
    st.tuples(st.just("drain")),
    st.tuples(st.just("step"), st.integers(0, 3)),
    st.tuples(st.just("tick"), st.sampled_from([0.1, 1.0, 6.0])),
    st.tuples(st.just("cancel"), st.integers(0, 40)),
    st.tuples(st.just("break")),
    st.tuples(st.just("options"), st.sampled_from([None, MOST_BYTES, 2 * MOST_BYTES])),
)


def options(most_bytes: int | None) -> CacheOptions | None:
    return None if most_bytes is None else CacheOptions(ttl_s=TTL_S, max_bytes=most_bytes)


@contextmanager
def by_hand(*, inline: bool) -> Iterator[ByHand]:
    descriptor = create(slots=1)
    try:
        yield ByHand(Counters(descriptor, 0), options(MOST_BYTES), inline=inline)
    finally:
        os.close(descriptor)


def happen(hand: ByHand, what: str, rest: list[Any]) -> None:
    """Let one event happen."""
    if what == "ask":
        xs, patience_s = rest
        hand.ask(*xs, patience_s=patience_s)
    elif what == "cancel" and hand.asked:
        ticket = hand.asked[rest[0] % len(hand.asked)]
        ticket.cancelled = ticket.cancelled or not ticket.times
    elif what == "break":
        hand.session.broken = not hand.session.broken
    elif what == "options":
        hand.live.keep_answers(options(rest[0]))
    elif what in {"turn", "step", "tick", "drain"}:
        getattr(hand.loop, what)(*rest)


@settings(max_examples=400, deadline=None)
@given(st.lists(EVENT, max_size=60), st.booleans())
def test_whatever_happens_answers_are_as_without_a_cache_and_bytes_are_bounded(
    events: list[tuple[Any, ...]], inline: bool
) -> None:
    with by_hand(inline=inline) as hand:
        most = MOST_BYTES
        for what, *rest in events:
            happen(hand, what, rest)
            most = max(most, rest[0] or 0) if what == "options" else most
            assert 0 <= hand.counted("hythe_cache_bytes") <= most
        was_broken = any(event[0] == "break" for event in events)
        passed_s = sum(event[1] for event in events if event[0] == "tick")
        hand.session.broken = False
        hand.loop.drain()
        hand.loop.tick(1e9)
        hand.loop.drain()
        assert hand.live.idle
        for ticket in hand.asked:
            assert ticket.times == 1
            judge(ticket, was_broken=was_broken, passed_s=passed_s)
        check_counts(hand)


def judge(ticket: Heard, *, was_broken: bool, passed_s: float) -> None:
    """An answer is what the model says of these rows; a fault is the request's own, or the model's.

    A model that has been at one call for longer than any request is to wait turns away whoever comes.
    """
    xs = [row.c0 for row in list[Any](ticket.batch)]
    if ticket.values is not None:
        assert ticket.values == [2.0 * x for x in xs]
        assert min(xs) >= 0
    elif isinstance(ticket.err, Invalid):
        assert min(xs) < 0
    elif isinstance(ticket.err, Cancelled):
        assert ticket.cancelled
    elif isinstance(ticket.err, Unavailable):
        assert was_broken
    elif isinstance(ticket.err, TimedOut):
        assert ticket.deadline_s < 1e9
    else:
        assert isinstance(ticket.err, Busy)
        assert passed_s * 1e3 > BatchPolicy().most_wait_ms or ticket.deadline_s < 1e9


def check_counts(hand: ByHand) -> None:
    """Every request is counted once, and hits are those that say so and were answered."""
    answered = [ticket for ticket in hand.asked if ticket.values is not None]
    hits = [ticket for ticket in answered if ticket.flags & CACHED]
    assert hand.counted("hythe_requests_total") == len(hand.asked)
    assert hand.counted("hythe_cache_hits_total") == len(hits)
    assert hand.counted("hythe_in_flight") == 0
    in_runs = sum(map(len, hand.session.runs))
    assert sum(ticket.rows for ticket in answered) <= in_runs + sum(ticket.rows for ticket in hits)


@settings(max_examples=200, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=40), st.booleans())
def test_equal_rows_that_come_together_are_asked_for_once(rows: list[list[float]], inline: bool) -> None:
    with by_hand(inline=inline) as hand:
        hand.live.keep_answers(CacheOptions(ttl_s=TTL_S))
        for xs in rows:
            hand.ask(*xs)
        hand.loop.drain()
        different = {tuple(xs) for xs in rows}
        assert sum(map(len, hand.session.runs)) == sum(map(len, different))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(ROWS, st.sampled_from([0.0, 1.0, 4.9])), min_size=1, max_size=40))
def test_no_answer_is_older_than_it_may_be(asked: list[tuple[list[float], float]]) -> None:
    with by_hand(inline=True) as hand:
        hand.live.keep_answers(CacheOptions(ttl_s=TTL_S))
        stored_s: dict[tuple[float, ...], float] = {}
        for xs, pause_s in asked:
            hand.loop.tick(pause_s)
            now_s = hand.loop.clock.monotonic_s()
            ticket = hand.answer(*xs)
            fresh = now_s - stored_s.get(tuple(xs), -TTL_S) < TTL_S
            assert bool(ticket.flags & CACHED) == fresh
            if ticket.values is not None and not fresh:
                stored_s[tuple(xs)] = now_s
