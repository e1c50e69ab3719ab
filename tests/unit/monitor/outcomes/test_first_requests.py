"""Where keys were drawn, each counts once under each plan, by its first request that has the value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from hythe.monitor.outcomes.first_requests import FirstRequests, KeyOutcome
from hythe.monitor.records.arrays import Field
from hythe.monitor.records.call import PART, RESCUED, SHADOW, Call
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.record import BatchRecord, Layout
from hythe.monitor.windows.score import Score
from hythe.rollout.sticky import key_hash

ANA, BO = key_hash("ana"), key_hash("bo")
SCORE = Score("value", 0.0, 10.0)


def record(*calls: Call, at_ns: int = 0, endpoint: str = "churn", version: str = "1.0.0") -> BatchRecord:
    rows = sum(call.rows for call in calls)
    layout = Layout(endpoint, version, (), (Field("value", "<f8"),))
    outputs = {"value": np.arange(1.0, rows + 1.0)}
    return BatchRecord(layout, at_ns, rows, True, 0.001, Calls.of(calls), [], {}, outputs)


def call(name: str, outcome: str = "answered", reason: str = "", **more: Any) -> Call:
    return Call(name, 1, outcome, reason, **{"key": ANA, "revision": 3, "share": 0.5, **more})


def told(first: FirstRequests, *records: BatchRecord) -> Sequence[KeyOutcome]:
    return list(first.take(records, lambda endpoint: endpoint == "churn", lambda _endpoint: SCORE))


def values(found: Sequence[KeyOutcome]) -> dict[str, tuple[str, float]]:
    return {item.metric: (item.id, item.value) for item in found}


def test_a_keys_first_request_tells_and_its_later_ones_do_not() -> None:
    first = FirstRequests()
    found = told(first, record(call("a", duration_s=0.25), call("b", "failed")))
    assert values(found) == {
        "error_rate": ("a", 0.0),
        "refusal_rate": ("a", 0.0),
        "latency": ("a", 0.25),
        "prediction": ("a", 0.1),
    }
    assert found[0] == KeyOutcome("a", "error_rate", 0.0, "churn", "1.0.0", 3, 0.5, ANA, 0)
    assert told(first, record(call("c", "failed"))) == []


def test_another_key_and_another_plan_tell_again() -> None:
    first = FirstRequests()
    told(first, record(call("a")))
    assert len(told(first, record(call("b", key=BO)))) == 4
    assert len(told(first, record(call("c", revision=4)))) == 4


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (call("a", "failed", "internal"), {"error_rate": ("a", 1.0), "refusal_rate": ("a", 0.0)}),
        (call("a", "failed", flags=RESCUED), {"error_rate": ("a", 1.0), "refusal_rate": ("a", 0.0)}),
        (call("a", "refused", "invalid"), {"refusal_rate": ("a", 1.0)}),
        (call("a", "refused", "too_large"), {"refusal_rate": ("a", 0.0)}),
    ],
    ids=["failed", "rescued", "refused", "refused otherwise"],
)
def test_what_a_request_does_not_tell_is_left_to_the_next(
    gone: Call, expected: dict[str, tuple[str, float]]
) -> None:
    first = FirstRequests()
    assert values(told(first, record(gone))) == expected
    rest = values(told(first, record(call("b", duration_s=0.5))))
    assert set(rest) == {"error_rate", "refusal_rate", "latency", "prediction"} - set(expected)
    assert rest["latency"] == ("b", 0.5)


def test_what_a_shadow_does_is_told_beside() -> None:
    first = FirstRequests()
    told(first, record(call("a")))
    copy = call("a", share=0.0, flags=SHADOW, changed=500, moved=250)
    assert values(told(first, record(copy, version="1.1.0"))) == {
        "shadow_errors": ("a", 0.0), "disagreement": ("a", 0.5), "movement": ("a", 0.25),
    }  # fmt: skip
    failed = call("b", "failed", share=0.0, flags=SHADOW, key=BO)
    assert values(told(first, record(failed, version="1.1.0"))) == {"shadow_errors": ("b", 1.0)}


@pytest.mark.parametrize(
    "other",
    [
        record(call("a", key="")),
        record(call("a", share=0.0)),
        record(call("a", flags=PART)),
        record(call("a"), endpoint="fraud"),
    ],
    ids=["no key", "left to no chance", "a part", "not wanted"],
)
def test_what_was_not_drawn_by_a_key_tells_nothing(other: BatchRecord) -> None:
    assert told(FirstRequests(), other) == []


def test_of_several_processes_the_earlier_request_tells() -> None:
    found = told(FirstRequests(), record(call("late"), at_ns=20), record(call("early"), at_ns=10))
    assert {item.id for item in found} == {"early"}


def test_what_is_remembered_is_bounded() -> None:
    first = FirstRequests(most=100)
    for place in range(300):
        told(first, record(call("a", key=key_hash(str(place)))))
    for revision in range(50):
        told(first, record(call("a", revision=revision)))
    kept = first._told
    assert all(len(keys) <= 100 for keys in kept.values())
    assert len(kept) <= 8
    assert told(first, record(call("b", revision=49))) == []


def test_an_answer_without_a_score_tells_all_but_the_prediction() -> None:
    first = FirstRequests()
    found = list(first.take([record(call("a"))], lambda _endpoint: True, lambda _endpoint: None))
    assert set(values(found)) == {"error_rate", "refusal_rate", "latency"}
    assert not any(math.isnan(item.value) for item in found)
