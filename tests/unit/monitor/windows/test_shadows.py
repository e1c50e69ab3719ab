"""What shadows did, counted into windows; and the worst of it."""

from __future__ import annotations

import numpy as np

from hythe.monitor.records.call import SHADOW, SLOWER, Call
from hythe.monitor.records.calls import NO_CALLS, Calls
from hythe.monitor.records.record import BatchRecord, Difference, Layout
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.shadows import Shadow, ShadowCounts, Worst
from hythe.monitor.windows.window import Window, merge

SECOND = 1_000_000_000


def copied(*calls: Call, at_s: int = 5, ran: bool = True, version: str = "2.0.0") -> BatchRecord:
    rows = sum(call.rows for call in calls)
    return BatchRecord(Layout("churn", version), at_s * SECOND, rows, ran, 0.002, Calls.of(calls), [], {}, {})


def copy(changed: int = 0, moved: int = 0, *, rows: int = 1, flags: int = 0, failed: bool = False) -> Call:
    outcome = ("failed", "unavailable") if failed else ("answered", "")
    return Call(
        "id", rows, *outcome, share=0.0, flags=SHADOW | flags, revision=7, changed=changed, moved=moved
    )


def windows(*records: BatchRecord) -> list[Window]:
    return fold(records, lambda _endpoint, _version: None, [Shadow()])


def test_copies_are_counted_by_what_became_of_them() -> None:
    calls = [copy(1000, 500), copy(250, 0, flags=SLOWER), copy(), copy(failed=True)]
    [window] = windows(copied(*calls))
    found = ShadowCounts(*window.statistics["shadow"])
    assert found == (4, 1, 1250, 1000**2 + 250**2, 500, 500**2, 1)
    assert (window.share, window.revision, window.version) == (0.0, 7, "2.0.0")


def test_copies_are_no_requests_but_their_calls_of_the_model_are_calls() -> None:
    [window] = windows(copied(copy(rows=3), copy(rows=2)), copied(copy(failed=True), ran=False))
    assert (window.requests, window.rows, window.answered_rows) == ({}, 0, 0)
    assert (window.runs, window.run_rows) == (1, 5)
    assert sum(window.request_s.counts.values() if hasattr(window.request_s, "counts") else [0]) == 0


def test_they_stand_beside_requests_that_asked_for_the_version_by_number() -> None:
    calls = Calls.of([Call("b", 1, share=0.0, revision=7)])
    asked = BatchRecord(Layout("churn", "2.0.0"), 5 * SECOND, 1, True, 0.1, calls, [], {}, {})
    [window] = windows(copied(copy(1000)), asked)
    assert window.requests == {"answered": 1}
    assert ShadowCounts(*window.statistics["shadow"]).copies == 1
    assert (window.runs, window.rows) == (2, 1)


def test_a_window_without_copies_has_no_such_statistic() -> None:
    asked = BatchRecord(Layout("churn", "1.0.0"), 0, 1, True, 0.1, Calls.of([Call("b", 1)]), [], {}, {})
    [window] = windows(asked)
    assert "shadow" not in window.statistics


def test_counts_of_two_seconds_are_those_of_both_together() -> None:
    rng = np.random.default_rng(3)
    calls = [copy(int(c), int(m)) for c, m in rng.integers(0, 1001, (40, 2))]
    one, other = windows(copied(*calls[:15])), windows(copied(*calls[15:], at_s=6))
    [whole] = windows(copied(*calls))
    assert merge(one[0], other[0]).statistics == whole.statistics


def test_means_are_of_the_copies_that_were_compared() -> None:
    counts = ShadowCounts(copies=5, failed=1, changed=1000, moved=2000)
    assert (counts.mean_changed, counts.mean_moved) == (0.25, 0.5)
    assert ShadowCounts(copies=1, failed=1).mean_changed is None


def told(size: float, name: str = "id", *, revision: int = 7, version: str = "2.0.0") -> BatchRecord:
    difference = Difference(f"{name}:{size}", revision, size, "{}")
    layout = Layout("churn", version)
    return BatchRecord(layout, 9, 0, False, 0.0, NO_CALLS, [], {}, {}, differences=[difference])


def test_the_worst_of_each_shadow_under_each_plan_are_kept() -> None:
    worst = Worst(most=2)
    worst.take([told(size) for size in (0.1, 0.9, 0.5, 0.2)])
    worst.take([told(0.7), told(0.01, revision=8), told(0.02, version="3.0.0")])
    found = {(one.revision, one.version, one.size) for one in worst.hand_on()}
    assert found == {(7, "2.0.0", 0.9), (7, "2.0.0", 0.7), (8, "2.0.0", 0.01), (7, "3.0.0", 0.02)}
    assert worst.hand_on() == []
