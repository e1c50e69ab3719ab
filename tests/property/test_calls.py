"""Requests as columns are the requests that they were made of."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hythe.monitor.records.call import PART, SHADOW, Call
from hythe.monitor.records.calls import Calls

REQUESTS = st.lists(
    st.builds(
        Call,
        id=st.text(max_size=5),
        rows=st.integers(0, 3),
        outcome=st.sampled_from(["answered", "failed"]),
        duration_s=st.floats(0, 5),
        share=st.sampled_from([0.5, 1.0]),
        key=st.sampled_from(["", "ana"]),
        flags=st.sampled_from([0, PART, SHADOW]),
        revision=st.integers(0, 1),
    ),
    max_size=6,
)


def sent(calls: Calls) -> Calls:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(calls), type=Calls)


@given(REQUESTS)
def test_columns_give_back_each_request(requests: list[Call]) -> None:
    calls = sent(Calls.of(requests))
    assert [*calls] == requests
    assert (len(calls), calls.n_rows) == (len(requests), sum(one.rows for one in requests))


@given(st.lists(REQUESTS, max_size=4))
def test_columns_behind_each_other_are_those_of_all_requests(parts: list[list[Call]]) -> None:
    whole = [one for part in parts for one in part]
    assert Calls.stacked([Calls.of(part) for part in parts]) == Calls.of(whole)


@given(REQUESTS, st.data())
def test_those_that_are_chosen_are_the_marked_ones(requests: list[Call], data: Any) -> None:
    marks = data.draw(st.lists(st.booleans(), min_size=len(requests), max_size=len(requests)))
    found = Calls.of(requests).chosen(marks)
    assert [*found] == [one for one, marked in zip(requests, marks, strict=True) if marked]


@given(REQUESTS, st.sampled_from([PART, SHADOW, PART | SHADOW]))
def test_flags_are_told_where_there_are_any(requests: list[Call], flags: int) -> None:
    marks = [bool(one.flags & flags) for one in requests]
    assert Calls.of(requests).having(flags) == (marks if any(marks) else None)
