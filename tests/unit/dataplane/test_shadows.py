"""Copies for shadows: who gets them and when, what is told of them, and that no caller ever notices."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.dataplane.shadowed import COLUMNS, OUTPUTS, TWO, Pair, probability

from hythe.base.errors import Unavailable
from hythe.bundle.schema import Column, Schema
from hythe.dataplane.shadow.room import Room
from hythe.monitor.records.call import SHADOW, SLOWER
from hythe.monitor.records.sample import sampled
from hythe.rollout.sticky import key_hash
from hythe.runtime.counters import Counters

CUT = 1.0
"""The shadow's: between 0 and this it says no where the champion says yes."""


@pytest.fixture
def pair(counters: Counters) -> Pair:
    return Pair(counters, cut=CUT)


def test_the_shadow_is_asked_only_after_the_caller_has_the_answer(pair: Pair) -> None:
    ticket = pair.answer(0.5)
    assert (ticket.labels, pair.shadow.runs) == (["yes"], [])
    pair.rest()
    assert (ticket.heard, pair.shadow.runs) == ([["yes"]], [[0.5]])
    assert pair.counted() == {"answered": 1}


def test_copies_that_came_together_share_a_call(pair: Pair) -> None:
    for x in (0.5, 2.0, 3.0):
        pair.answer(x)
    pair.rest()
    assert pair.shadow.runs == [[0.5, 2.0, 3.0]]


def test_what_differs_is_told_in_thousandths_of_each_requests_rows(pair: Pair) -> None:
    requests = [(0.5,), (20.0,), (0.5, 20.0, 30.0), (2.0, 0.1, 0.2, 40.0)]
    for xs in requests:
        pair.answer(*xs)
    pair.rest()
    expected = [
        (
            round(1000 * sum(0 < x <= CUT for x in xs) / len(xs)),
            round(1000 * sum(abs(probability(x, 0) - probability(x, CUT)) > 0.01 for x in xs) / len(xs)),
        )
        for xs in requests
    ]
    assert expected == [(1000, 1000), (0, 0), (333, 333), (500, 750)]
    copies = pair.copies()
    assert [(call.changed, call.moved) for call in copies] == expected
    assert {(call.share, call.revision, call.flags & SHADOW, call.outcome) for call in copies} == {
        (0.0, 7, SHADOW, "answered")
    }


def test_a_copy_is_no_request(pair: Pair) -> None:
    for x in (0.5, 2.0):
        pair.answer(x)
    pair.rest()
    counted = {
        dict(labels)["version"]: values[0]
        for (metric, labels), values in pair.counters.read().items()
        if metric == "hythe_requests_total"
    }
    assert counted == {"1.0.0": 2}
    assert [
        values[0] for (metric, _), values in pair.counters.read().items() if metric == "hythe_in_flight"
    ] == [0]


def test_a_request_is_copied_when_its_id_is_in_the_sample(counters: Counters) -> None:
    pair = Pair(counters, share=0.3)
    digits = [number << 48 | number for number in range(0, 256, 5)]
    for number, x in enumerate(digits):
        ticket = pair.put(1.0, number=number)
        text = f"{x:014x}"
        ticket.id = f"017f22e2-79b0-7000-80{text[:2]}-{text[2:]}"
        pair.loop.drain()
    pair.rest()
    copied = [call.id for call in pair.copies()]
    assert copied == [ticket.id for ticket in pair.asked if sampled(ticket.id, 0.3)]
    assert 0 < len(copied) < len(digits)


def test_a_key_is_copied_always_or_never(counters: Counters) -> None:
    pair = Pair(counters, share=0.4)
    keys = [key_hash(f"user-{number}") for number in range(40)]
    for key in keys * 3:
        pair.answer(1.0, key=key)
    pair.rest()
    copied = [call.key for call in pair.copies()]
    assert 8 <= len(set(copied)) <= 24  # of 40, with probability 0.4
    assert all(copied.count(key) == 3 for key in set(copied))


def test_what_no_chance_decided_is_not_copied(pair: Pair) -> None:
    pair.answer(1.0, share=0.0)
    late = pair.put(1.0)
    late.revision = 6
    pair.loop.drain()
    pair.rest()
    assert (pair.shadow.runs, pair.counted()) == ([], {})


def test_what_the_champion_refused_is_not_copied(pair: Pair) -> None:
    pair.put(-1.0)
    pair.put(2.0)
    pair.loop.drain()
    pair.rest()
    assert pair.shadow.runs == [[2.0]]


def test_copies_are_dropped_while_rows_wait_for_the_champion(counters: Counters) -> None:
    pair = Pair(counters, inline=False)
    first = pair.put(1.0)
    pair.loop.turn()
    pair.loop.step()
    waiting = [pair.put(float(number)) for number in range(5)]  # behind the call that is under way
    while not first.heard:
        pair.loop.step()
    assert pair.counted() == {"dropped": 1}
    pair.loop.drain()
    pair.rest()
    assert [ticket.heard for ticket in waiting] == [[["no"]]] + [[["yes"]]] * 4
    assert pair.counted() == {"dropped": 1, "answered": 5}
    assert pair.room.copies == pair.room.rows == 0


def test_a_copy_that_finds_no_quiet_moment_is_dropped(counters: Counters) -> None:
    pair = Pair(counters, inline=False)
    pair.answer(1.0)
    pair.put(2.0)
    pair.loop.turn()
    pair.loop.step()  # the champion's call goes on all the time
    for _ in range(30):
        pair.loop.tick(0.05)
    assert (pair.counted(), pair.shadow.runs) == ({"dropped": 1}, [])
    pair.loop.drain()
    pair.rest()
    assert pair.shadow.runs == [[2.0]]


def test_there_is_room_for_so_many_copies_and_rows_and_a_large_one_comes_alone(counters: Counters) -> None:
    pair = Pair(counters, room=Room(rows=4, copies=3))
    for _ in range(5):
        pair.answer(1.0)
    pair.rest()
    assert pair.counted() == {"answered": 3, "dropped": 2}
    pair.answer(*[1.0] * 9)
    pair.answer(1.0)
    pair.rest()
    assert pair.counted() == {"answered": 4, "dropped": 3}
    assert (pair.room.rows, pair.room.copies) == (0, 0)


def test_there_is_room_for_so_many_bytes_of_requests(counters: Counters) -> None:
    pair = Pair(counters, room=Room(size=1000))
    for _ in range(3):
        pair.put(1.0).weight = 400
        pair.loop.drain()
    pair.rest()
    assert pair.counted() == {"answered": 2, "dropped": 1}
    assert pair.room.bytes == 0


@pytest.mark.parametrize("inline", [True, False])
def test_a_shadow_that_fails_is_told_of_and_no_caller_notices(counters: Counters, inline: bool) -> None:
    pair = Pair(counters, inline=inline)
    pair.shadow.broken = True
    tickets = [pair.answer(float(number)) for number in range(1, 40)]
    pair.rest()
    assert [ticket.heard for ticket in tickets] == [[["yes"]]] * 39
    assert pair.counted() == {"failed": 39}
    assert pair.lives[TWO].copies == pair.room.copies == 0
    records = pair.records()
    calls = [call for record in records for call in record.calls if call.flags & SHADOW]
    assert {(call.outcome, call.reason) for call in calls} == {("failed", "unavailable")}
    assert len(calls) == 39


def test_a_row_that_only_the_shadow_refuses_fails_its_own_copy(pair: Pair) -> None:
    pair.shadow.least = 5.0
    for xs in ((6.0,), (7.0, 2.0), (8.0,)):
        pair.answer(*xs)
    pair.rest()
    records = pair.records()
    calls = [call for record in records for call in record.calls if call.flags & SHADOW]
    assert [(call.outcome, call.reason) for call in calls] == [
        ("answered", ""), ("failed", "invalid"), ("answered", ""),
    ]  # fmt: skip
    assert pair.counted() == {"answered": 2, "failed": 1}


def test_answers_that_are_not_what_the_schema_says_are_a_failure_of_the_shadow(pair: Pair) -> None:
    pair.shadow.wide = True
    ticket = pair.answer(1.0)
    pair.rest()
    assert (ticket.heard, pair.counted()) == ([["yes"]], {"failed": 1})
    [call] = pair.copies()
    assert (call.outcome, call.reason) == ("failed", "internal")


def test_a_fault_in_comparing_ends_with_the_copy(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("hythe.monitor.comparison.Comparison.__call__", broken)
    tickets = [pair.answer(1.0), pair.answer(2.0)]
    pair.rest()
    assert [ticket.heard for ticket in tickets] == [[["yes"]], [["yes"]]]
    assert pair.counted() == {"failed": 2}
    assert pair.lives[TWO].copies == pair.room.copies == 0


def test_a_fault_in_copying_reaches_nobody(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("hythe.dataplane.shadow.lane.ShadowTicket", broken)
    assert pair.answer(1.0).heard == [["yes"]]


def test_a_slower_shadow_is_marked_and_holds_no_caller_up(counters: Counters) -> None:
    pair = Pair(counters, inline=False)
    pair.champion.takes_s, pair.shadow.takes_s = 0.001, 0.010
    for _ in range(4):
        pair.answer(1.0)
    pair.rest()
    assert {bool(call.flags & SLOWER) for call in pair.copies()} == {True}
    pair.shadow.takes_s = 0.001
    pair.answer(1.0)
    pair.rest()
    assert {bool(call.flags & SLOWER) for call in pair.copies()} == {False}


def test_both_answers_and_the_row_are_told_without_what_is_sensitive(pair: Pair) -> None:
    pair.answer(3.0, 0.5)
    pair.rest()
    [told] = pair.told()
    chances = {version: probability(0.5, cut) for version, cut in (("1.0.0", 0.0), ("2.0.0", CUT))}
    assert (told["kind"], told["row"], told["champion"]) == ("changed", 1, "1.0.0")
    assert told["features"] == {"x": 0.5}
    assert (told["answer"]["label"], told["shadow_answer"]["label"]) == ("yes", "no")
    assert told["answer"]["probabilities"]["yes"] == pytest.approx(chances["1.0.0"])
    assert told["shadow_answer"]["probabilities"]["yes"] == pytest.approx(chances["2.0.0"])


def test_a_failure_is_told_with_its_reason(pair: Pair) -> None:
    pair.shadow.broken = True
    pair.answer(3.0)
    pair.rest()
    [told] = pair.told()
    assert (told["kind"], told["shadow_answer"], told["reason"]) == (
        "failed",
        None,
        "the model is gone; try again",
    )


def test_what_is_told_of_many_differences_are_a_few_of_the_worst(pair: Pair) -> None:
    xs = [0.01 + (number * 37 % 101) / 102 for number in range(101)]
    for x in xs:
        pair.answer(x)
        pair.rest()
    told = [one for record in pair.records() for one in record.differences]
    assert 20 <= len(told) <= 60
    sizes = sorted((1.0 + probability(x, 0) - probability(x, CUT) for x in xs), reverse=True)[:20]
    assert sorted([one.size for one in told], reverse=True)[:20] == pytest.approx(sizes)


def test_a_shadow_whose_columns_are_in_another_order_gets_the_right_cells(counters: Counters) -> None:
    pair = Pair(counters, shadow_schema=Schema(tuple(reversed(COLUMNS)), OUTPUTS))
    assert pair.lives[TWO].reader.fields == pair.lives["1.0.0"].reader.fields
    extra = Column("more", "int8", nullable=True)
    other = Schema((COLUMNS[1], extra, Column("x", "float64", nullable=True)), OUTPUTS)
    pair = Pair(counters, shadow_schema=other)
    assert pair.lives[TWO].reader.fields != pair.lives["1.0.0"].reader.fields
    pair.answer(4.0)
    pair.rest()
    assert pair.shadow.runs == [[4.0]]


def test_after_the_plan_has_changed_nothing_is_copied_and_what_waits_is_dropped(pair: Pair) -> None:
    pair.answer(1.0)
    pair.shadows.close()
    pair.answer(2.0)
    pair.rest()
    assert (pair.shadow.runs, pair.counted(), pair.room.copies) == ([], {"dropped": 1}, 0)


def test_a_version_that_answers_copies_is_not_idle(counters: Counters) -> None:
    pair = Pair(counters, inline=False)
    pair.answer(1.0)
    pair.loop.tick(0.21)
    assert not pair.lives[TWO].idle
    pair.loop.drain()
    assert pair.lives[TWO].idle


def test_a_shadow_that_could_not_be_loaded_fails_its_copies(counters: Counters) -> None:
    pair = Pair(counters)
    pair.shadow.ready = False
    pair.shadow.broken = True
    with pytest.raises(Unavailable):
        pair.shadow.run_now({"numbers": pair.champion.feed(pair.put(1.0).batch)["numbers"]})
    pair.loop.drain()
    pair.rest()
    assert pair.counted() == {"failed": 1}


def test_copies_that_fill_a_call_wait_for_no_more_and_leave_others_their_turns(pair: Pair) -> None:
    for _ in range(31):
        pair.answer(2.0)
    pair.rest(0.1)
    assert pair.shadow.runs == []
    for _ in range(69):
        pair.answer(2.0)
    pair.rest(0.006)
    assert [len(run) for run in pair.shadow.runs] == [64]
    pair.rest(0.006)
    assert [len(run) for run in pair.shadow.runs] == [64, 36]


def test_rows_that_cannot_be_brought_to_the_shadow_are_its_failure(
    counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "hythe.dataplane.shadow.against.rewriter", lambda *_: lambda batch: batch[0].no_such_column
    )
    pair = Pair(counters)
    assert pair.answer(1.0).heard == [["yes"]]
    pair.rest()
    assert pair.counted() == {"failed": 1}
    assert pair.lives[TWO].copies == pair.room.copies == 0


def test_what_copies_cost_is_nothing_that_an_arm_would_begin_with(pair: Pair) -> None:
    live = pair.lives[TWO]
    live.batcher.cost.learn(1, 20e-6)
    pair.shadow.takes_s = 0.05
    for _ in range(5):
        pair.answer(0.5)
        pair.rest()
    assert len(pair.shadow.runs) == 5
    assert live.batcher.cost.expect(1) == pytest.approx(20e-6)
