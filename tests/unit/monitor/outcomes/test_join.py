"""The sample of predictions that feedback can be joined to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import pytest

from hythe.dataplane.observe import Ids
from hythe.monitor.outcomes.join import MOST_VALUES, Join, joins
from hythe.monitor.records.call import CACHED, DEGRADED, Call
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.record import BatchRecord, Layout
from hythe.monitor.records.sample import sampled
from hythe.monitor.records.trace_context import sampled_trace


def record(calls: list[Call], outputs: dict[str, Any]) -> BatchRecord:
    size = sum(call.rows for call in calls)
    return BatchRecord(Layout("churn", "1.0.0"), 42, size, True, 0.1, Calls.of(calls), [], {}, outputs)


def test_a_join_has_the_rows_of_its_request_only() -> None:
    calls = [
        Call("a", 1, share=0.9, key="k"),
        Call("b", 2, first=4, flags=DEGRADED),
        Call("c", 1, "failed", "busy"),
    ]
    outputs = {"label": ["w", "x", "y", "z"], "score": np.array([[0.0], [1], [2], [3]])}
    assert list(joins([record(calls, outputs)], 1.0)) == [
        Join("a", 0, 1, 42, "churn", "1.0.0", 0.9, "k", False, {"label": ["w"], "score": [[0.0]]}),
        Join("b", 4, 2, 42, "churn", "1.0.0", 1.0, "", True, {"label": ["x", "y"], "score": [[1.0], [2.0]]}),
    ]


def test_the_sample_is_by_the_random_end_of_the_id() -> None:
    ids = Ids()
    names = [ids.next() for _ in range(5000)]
    chosen = {
        join.id for join in joins([record([Call(name, 1) for name in names], {"x": ["y"] * 5000})], 0.1)
    }
    by_hand = {name for name in names if UUID(name).int % 16**14 >= round(0.9 * 16**14)}
    assert chosen == by_hand
    # The share of 5,000 fair draws is within four standard deviations, 0.017, of a tenth.
    assert len(chosen) / 5000 == pytest.approx(0.1, abs=0.017)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_sample_is_uniform_over_many_processes_and_within_a_millisecond(share: float) -> None:
    # Ids of a busy server: several processes, each many ids to a draw of entropy and to a millisecond.
    names = [ids.next() for ids in [Ids(now_ms=lambda: 42) for _ in range(40)] for _ in range(1000)]
    per_process = [sum(sampled(name, share) for name in names[n : n + 1000]) for n in range(0, 40_000, 1000)]
    spread = (1000 * share * (1 - share)) ** 0.5
    # Six standard deviations: one failure in 5e8 runs.
    assert abs(sum(per_process) - 40_000 * share) < 6 * spread * 40**0.5
    assert all(abs(n - 1000 * share) < 6 * spread + 5 for n in per_process)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_larger_share_keeps_what_a_smaller_one_kept(share: float) -> None:
    ids = Ids()
    names = [ids.next() for _ in range(500)]
    small = {name for name in names if sampled(name, share)}
    assert small <= {name for name in names if sampled(name, min(1.0, share * 2))}
    assert len(small) == {0.0: 0, 1.0: 500}.get(share, len(small))


def test_what_is_traced_has_a_join_where_the_sample_is_as_large() -> None:
    ids = Ids()
    names = [ids.next() for _ in range(2000)]
    assert all(sampled(name, 0.1) for name in names if sampled_trace("", name, 0.1) is not None)


def test_nothing_is_kept_where_no_model_answered() -> None:
    assert list(joins([record([Call("a", 1, flags=CACHED)], {})], 1.0)) == []


def test_wide_outputs_are_left_out() -> None:
    outputs = {"label": ["x"], "embedding": np.zeros((1, MOST_VALUES + 1))}
    [join] = joins([record([Call("a", 1)], outputs)], 1.0)
    assert list(join.outputs) == ["label"]
