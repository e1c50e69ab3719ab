"""What a version does with requests whose rows it has answered before, or is answering now."""

import pytest
from tests.unit.dataplane.by_hand import ByHand

from hythe.base.errors import Cancelled, Invalid, TimedOut, Unavailable
from hythe.monitor.records.call import CACHED, DEGRADED
from hythe.rollout.plan import CacheOptions
from hythe.runtime.batch_policy import BatchPolicy, QueueLimits
from hythe.runtime.counters import Counters

MINUTE = CacheOptions(ttl_s=60, stale_s=600)


@pytest.fixture
def hand(counters: Counters) -> ByHand:
    return ByHand(counters, MINUTE)


@pytest.fixture
def beside(counters: Counters) -> ByHand:
    """A version whose runs take turns of the loop, so that requests can come meanwhile."""
    return ByHand(counters, MINUTE, inline=False)


def test_equal_rows_are_answered_without_the_model_and_marked(hand: ByHand) -> None:
    first, again = hand.answer(1, None), hand.answer(1.0, None)
    assert hand.session.runs[0][:1] == [1.0]
    assert len(hand.session.runs) == 1
    assert (first.values or [])[:1] == (again.values or [])[:1] == [2.0]
    assert (first.flags, again.flags) == (0, CACHED)


def test_other_rows_ask_the_model(hand: ByHand) -> None:
    assert hand.answer(1).values == [2.0]
    assert hand.answer(2).values == [4.0]
    assert hand.answer(1, 2).values == [2.0, 4.0]
    assert len(hand.session.runs) == 3


def test_an_answer_counts_until_its_time_is_over(hand: ByHand) -> None:
    hand.answer(1)
    hand.loop.tick(59.9)
    assert hand.answer(1).flags == CACHED
    hand.loop.tick(0.1)
    assert hand.answer(1).flags == 0
    assert len(hand.session.runs) == 2


def test_hits_are_counted_as_answers_and_as_hits(hand: ByHand) -> None:
    for _ in range(5):
        hand.answer(1, 2)
    assert hand.counted("hythe_cache_hits_total") == 4
    assert hand.counted("hythe_requests_total") == 5
    assert hand.counted("hythe_rows_total") == 10
    assert hand.counted("hythe_in_flight") == 0
    assert hand.counted("hythe_cache_bytes") > 0


def test_equal_requests_at_once_are_one_run(beside: ByHand) -> None:
    tickets = [beside.ask(3) for _ in range(50)]
    beside.loop.drain()
    assert [ticket.values for ticket in tickets] == [[6.0]] * 50
    assert beside.session.runs == [[3.0]]
    assert [ticket.flags for ticket in tickets] == [0] + [CACHED] * 49
    assert beside.counted("hythe_cache_hits_total") == 49


def test_a_leader_that_goes_away_takes_nobody_with_it(beside: ByHand) -> None:
    leader, *others = [beside.ask(3) for _ in range(3)]
    leader.cancelled = True
    beside.loop.drain()
    assert isinstance(leader.err, Cancelled)
    assert [ticket.values for ticket in others] == [[6.0]] * 2
    assert beside.live.idle


def test_a_leader_that_is_late_takes_nobody_with_it(beside: ByHand) -> None:
    leader, other = beside.ask(3, patience_s=1), beside.ask(3)
    beside.loop.tick(2)
    beside.loop.drain()
    assert isinstance(leader.err, TimedOut)
    assert other.values == [6.0]


def test_when_the_model_fails_each_asks_it_for_itself(beside: ByHand) -> None:
    beside.session.broken = True
    tickets = [beside.ask(3) for _ in range(3)]
    beside.loop.drain()
    assert all(isinstance(ticket.err, Unavailable) for ticket in tickets)
    assert beside.session.runs == [[3.0]] * 3
    beside.session.broken = False
    assert beside.answer(3).values == [6.0]


def test_a_thousand_that_are_turned_away_do_not_pile_up(beside: ByHand) -> None:
    beside.session.broken = True
    tickets = [beside.ask(3) for _ in range(2000)]
    beside.loop.drain()
    assert all(isinstance(ticket.err, Unavailable) for ticket in tickets)
    assert len(beside.session.runs) == 5, "then the breaker keeps them away"


def test_who_waits_keeps_to_its_own_deadline(beside: ByHand) -> None:
    leader, waiting = beside.ask(3), beside.ask(3, patience_s=1)
    beside.loop.turn()
    beside.loop.tick(1)
    assert isinstance(waiting.err, TimedOut)
    beside.loop.drain()
    assert leader.values == [6.0]
    assert waiting.times == 1


def test_who_goes_away_while_it_waits_is_not_answered(beside: ByHand) -> None:
    leader, waiting = beside.ask(3), beside.ask(3, patience_s=30)
    waiting.cancelled = True
    beside.loop.drain()
    assert leader.values == [6.0]
    assert isinstance(waiting.err, Cancelled)
    assert beside.loop.alarms == 0


def test_a_refusal_is_everybodys_and_is_not_kept(beside: ByHand) -> None:
    tickets = [beside.ask(1, -3) for _ in range(3)]
    beside.loop.drain()
    for ticket in tickets:
        assert isinstance(ticket.err, Invalid)
        assert "rows[1]" in str(ticket.err)
    assert len(beside.session.runs) == 1
    beside.answer(1, -3)
    assert len(beside.session.runs) == 2
    assert beside.counted("hythe_cache_hits_total") == 0


def test_what_waits_is_bounded(counters: Counters) -> None:
    beside = ByHand(counters, MINUTE, inline=False, policy=BatchPolicy(queue=QueueLimits(rows=3)))
    tickets = [beside.ask(3) for _ in range(10)]
    beside.loop.drain()
    led, followed = [ticket.values for ticket in tickets[:4]], [ticket.err for ticket in tickets[6:]]
    assert led == [[6.0]] * 4
    assert all(err is not None for err in followed), "beyond the limits the queue sheds them as ever"


def test_a_request_of_many_rows_passes_by(hand: ByHand) -> None:
    hand.answer(*range(1001))
    assert hand.answer(*range(1001)).flags == 0
    assert hand.counted("hythe_cache_bytes") == 0


def test_other_options_begin_with_nothing_and_none_keep_nothing(hand: ByHand) -> None:
    hand.answer(1)
    hand.live.keep_answers(MINUTE)
    assert hand.answer(1).flags == CACHED
    hand.live.keep_answers(CacheOptions(ttl_s=5))
    assert hand.answer(1).flags == 0
    assert hand.answer(1).flags == CACHED
    hand.live.keep_answers(None)
    assert hand.answer(1).flags == 0
    assert hand.answer(1).flags == 0
    assert hand.counted("hythe_cache_bytes") == 0


def test_who_waits_is_answered_though_the_cache_is_switched_off_meanwhile(beside: ByHand) -> None:
    tickets = [beside.ask(3) for _ in range(3)]
    beside.live.keep_answers(None)
    beside.loop.drain()
    assert [ticket.values for ticket in tickets] == [[6.0]] * 3
    assert beside.live.idle


def test_a_stored_answer_stands_in_after_its_time_where_nothing_else_can(hand: ByHand) -> None:
    hand.live.fell_back = lambda ticket: hand.live.cache is not None and hand.live.cache.took_stale(ticket)
    hand.answer(1)
    hand.session.broken = True
    hand.loop.tick(61)
    stale = hand.answer(1)
    assert (stale.values, stale.flags) == ([2.0], CACHED | DEGRADED)
    assert isinstance(hand.answer(2).err, Unavailable)
    hand.loop.tick(600)
    assert isinstance(hand.answer(1).err, Unavailable)
    assert hand.counted("hythe_degraded_total") == 1


def test_stored_answers_are_given_while_the_version_rests(hand: ByHand) -> None:
    hand.answer(1)
    hand.session.broken = True
    for x in range(10, 16):
        hand.answer(x)
    assert hand.live.breaker.open
    fresh = hand.answer(1)
    assert (fresh.values, fresh.flags) == ([2.0], CACHED)
