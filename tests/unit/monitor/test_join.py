"""The sample of predictions that feedback can be joined to."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
import pytest

from hythe.dataplane.observe import Ids
from hythe.monitor.join import MOST_VALUES, Join, joins, sampled
from hythe.monitor.record import CACHED, DEGRADED, BatchRecord, Call, Layout


def record(calls: list[Call], outputs: dict[str, Any]) -> BatchRecord:
    size = sum(call.rows for call in calls)
    return BatchRecord(Layout("churn", "1.0.0"), 42, size, True, 0.1, calls, [], {}, outputs)


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


def test_the_sample_is_by_the_hash_of_the_id() -> None:
    ids = Ids()
    names = [ids.next() for _ in range(5000)]
    chosen = {
        join.id for join in joins([record([Call(name, 1) for name in names], {"x": ["y"] * 5000})], 0.1)
    }
    by_hand = {n for n in names if int(blake2b(n.encode(), digest_size=8).hexdigest(), 16) < 2**64 // 10}
    assert chosen == by_hand
    # The share of 5,000 fair draws is within four standard deviations, 0.017, of a tenth.
    assert len(chosen) / 5000 == pytest.approx(0.1, abs=0.017)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_larger_share_keeps_what_a_smaller_one_kept(share: float) -> None:
    names = [f"id-{n}" for n in range(200)]
    assert {n for n in names if sampled(n, share)} <= {n for n in names if sampled(n, min(1.0, share * 2))}


def test_nothing_is_kept_where_no_model_answered() -> None:
    assert list(joins([record([Call("a", 1, flags=CACHED)], {})], 1.0)) == []


def test_wide_outputs_are_left_out() -> None:
    outputs = {"label": ["x"], "embedding": np.zeros((1, MOST_VALUES + 1))}
    [join] = joins([record([Call("a", 1)], outputs)], 1.0)
    assert list(join.outputs) == ["label"]
