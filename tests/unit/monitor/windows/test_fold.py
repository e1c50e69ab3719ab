"""From rows to windows: every count against one made by hand, every moment against scipy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.unit.monitor.observed_rows import FEED, SCHEMA, Pipe, answers, counted, rows

from hythe.bundle.feed import Feed
from hythe.monitor.records.arrays import Field
from hythe.monitor.records.call import CACHED, DEGRADED, PART, RESCUED, Call
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.record import BatchRecord, Layout
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.group import Group, Requests
from hythe.monitor.windows.statistic import Errors, Latency, declared
from hythe.monitor.windows.window import Window


@pytest.mark.parametrize("tables", [False, True], ids=["objects", "tables"])
@pytest.mark.parametrize("feed", [None, FEED], ids=["native", "compiled"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_feature_is_counted_into_the_cells_of_its_bins(
    feed: Feed | None, seed: int, *, tables: bool
) -> None:
    pipe = Pipe(feed)
    data = rows(300, seed)
    for start in range(0, 300, 50):
        found = {name: values[start : start + 50] for name, values in answers(300, seed).items()}
        pipe.put(data[start : start + 50], found, tables=tables)
    window = pipe.window()
    assert set(window.features) == {column.name for column in SCHEMA.columns}
    for name, tally in window.features.items():
        values = [row[name] for row in data]
        if name == "ratio":
            values = [None if value is None else float(np.float32(value)) for value in values]
        assert tally.cells == counted(pipe.baseline.features[name], values), name


@pytest.mark.parametrize("seed", [0, 1])
def test_every_output_is_counted_into_the_cells_of_its_bins(seed: int) -> None:
    pipe = Pipe(FEED)
    found = answers(300, seed)
    pipe.put(rows(300, seed), found, tables=False)
    window = pipe.window()
    parts: dict[str, list[Any]] = {
        "label": found["label"].tolist(),
        "probabilities[no]": found["probabilities"][:, 0].tolist(),
        "probabilities[yes]": found["probabilities"][:, 1].tolist(),
        "n": found["n"].tolist(),
    }
    assert set(window.outputs) == set(parts)
    for name, values in parts.items():
        assert window.outputs[name].cells == counted(pipe.baseline.outputs[name], values), name


def test_answers_without_rows_count_nothing() -> None:
    none = {name: values[:0] for name, values in answers(10, 0).items()}
    found = Pipe(FEED).counter.outputs(none.items())
    assert set(found) == {"label", "probabilities[no]", "probabilities[yes]", "n"}
    assert all(not any(tally.cells) for tally in found.values())


def test_the_reference_rows_fill_the_cells_as_they_did_when_packing() -> None:
    pipe = Pipe(FEED)
    pipe.put(rows(400, 0), answers(400, 0), tables=False)
    window = pipe.window()
    for name, tally in window.features.items():
        assert tally.cells == pipe.baseline.features[name].counts.cells, name
    for name, tally in window.outputs.items():
        assert tally.cells == pipe.baseline.outputs[name].counts.cells, name


def test_moments_are_those_of_the_values() -> None:
    pipe = Pipe(FEED)
    data = rows(500, 1)
    pipe.put(data, answers(500, 1), tables=False)
    values = np.array([row["charges"] for row in data if row["charges"] is not None])
    powers = pipe.window().features["charges"].powers
    assert powers is not None
    found = powers.moments()
    assert found.n == len(values)
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.variance == pytest.approx(values.var(ddof=1), rel=1e-10)
    assert found.skewness == pytest.approx(stats.skew(values), rel=1e-8)
    assert found.kurtosis == pytest.approx(stats.kurtosis(values), rel=1e-8)
    assert (found.minimum, found.maximum) == (values.min(), values.max())


def record(*calls: Call, ran: bool = True, **changes: Any) -> BatchRecord:
    """Make a record of one number for each row; the outputs are the inputs."""
    size = sum(call.rows for call in calls)
    field = Field("x", "<f8")
    given: dict[str, Any] = {
        "layout": Layout("churn", "1.0.0", (field,), (field,)),
        "at_ns": 7_500_000_000,
        "rows": size,
        "ran": ran,
        "inference_s": 0.002 if ran else 0.0,
        "calls": Calls.of(calls),
        "refused": [],
        "inputs": {"x": np.arange(float(size))} if ran else {},
        "outputs": {"x": np.arange(float(size))} if ran else {},
    }
    return BatchRecord(**{**given, **changes})


def only(records: list[BatchRecord]) -> Window:
    [window] = fold(records, lambda *_: None, (Errors(), Latency()))
    return window


def test_requests_are_counted_by_outcome_and_reason() -> None:
    window = only(
        [
            record(Call("a", 2), Call("b", 1, "failed", "unavailable"), Call("c", 1, flags=DEGRADED)),
            record(Call("d", 3, "refused", "invalid"), ran=False),
            record(Call("e", 1, flags=CACHED), ran=False),
        ]
    )
    assert window.requests == {"answered": 3, "failed:unavailable": 1, "refused:invalid": 1}
    assert (window.count("answered"), window.count("refused")) == (3, 1)
    assert (window.rows, window.answered_rows, window.counted_rows) == (8, 4, 4)
    assert (window.runs, window.run_rows, window.degraded, window.cached) == (1, 4, 1, 1)
    assert (window.start, window.end) == (7, 8)


def test_times_go_apart_for_answered_and_other_requests() -> None:
    window = only(
        [record(Call("a", 1, duration_s=0.5, queue_s=0.25), Call("b", 1, "failed", "busy", duration_s=2.0))]
    )
    assert (window.request_s.n, window.request_s.total_ns) == (1, 500_000_000)
    assert (window.unanswered_s.n, window.unanswered_s.total_ns) == (1, 2_000_000_000)
    assert (window.queue_s.n, window.inference_s.total_ns) == (2, 2_000_000)


def test_a_request_in_parts_counts_once_and_its_rows_all() -> None:
    window = only([record(Call("a", 3, flags=PART)), record(Call("a", 2, first=3, duration_s=0.5))])
    assert (window.requests, window.rows, window.request_s.n) == ({"answered": 1}, 5, 1)


def test_what_was_chosen_otherwise_is_a_window_of_its_own() -> None:
    batch = record(Call("a", 2, share=0.9), Call("b", 1, share=0.0), Call("c", 1, share=0.9))
    windows = {window.share: window for window in fold([batch], lambda *_: None, ())}
    assert {share: window.rows for share, window in windows.items()} == {0.9: 3, 0.0: 1}
    assert sum(window.runs for window in windows.values()) == 1


def test_what_was_chosen_by_another_plan_is_a_window_of_its_own() -> None:
    switched = record(Call("a", 2, revision=3), Call("b", 1, revision=4), Call("c", 1, revision=4))
    records = [switched, record(Call("d", 5, revision=4))]
    windows = {window.revision: window for window in fold(records, lambda *_: None, ())}
    assert {revision: window.rows for revision, window in windows.items()} == {3: 2, 4: 7}
    assert (windows[3].runs, windows[4].runs) == (1, 1)


def test_a_failure_that_another_version_made_good_is_counted_apart() -> None:
    gone = Call("b", 0, "failed", "unavailable", duration_s=2.0, flags=RESCUED)
    window = only([record(Call("a", 2)), record(gone, ran=False)])
    assert (window.rescued, window.requests, window.rows) == (1, {"answered": 1}, 2)
    assert window.statistics["errors"] == (2, 1)
    assert (window.unanswered_s.n, window.queue_s.n) == (0, 1)


def test_outputs_of_rows_that_were_not_answered_are_left_out() -> None:
    group = Group()
    group.add(record(Call("a", 2), Call("b", 1, "failed", "timed_out"), Call("c", 1), refused=[1]))
    assert [values.tolist() for _, values in group.outputs()] == [[0.0, 3.0]]
    assert [values.tolist() for _, values in group.inputs()] == [[0.0, 1.0, 2.0, 3.0]]
    assert group.answered_rows == 2


def test_seconds_and_endpoints_are_windows_of_their_own() -> None:
    other = Layout("fraud", "1.0.0")
    records = [record(Call("a", 1)), record(Call("b", 1), at_ns=8_000_000_000)]
    records.append(record(Call("c", 1), ran=False, layout=other))
    windows = fold(records, lambda *_: None, ())
    assert {(window.endpoint, window.start) for window in windows} == {
        ("churn", 7), ("churn", 8), ("fraud", 7),
    }  # fmt: skip


def test_guards_get_the_numbers_that_they_declare() -> None:
    calls = [Call("a", 1, duration_s=0.001), Call("b", 1, duration_s=0.003)]
    calls += [Call("c", 1, "failed", "busy", duration_s=9.0), Call("d", 1, "refused", "invalid")]
    window = only([record(*calls)])
    assert window.statistics == {"errors": (3, 1), "latency_us": (2, 4000, 1000**2 + 3000**2)}


def test_our_own_statistics_are_declared_as_anybodys_would_be() -> None:
    names = [statistic.name for statistic in declared()]
    assert names == ["errors", "latency_us", "prediction", "repeats", "shadow"]


def test_a_statistic_sees_the_rows_too() -> None:
    class Largest:
        name = "rows_above_two"

        def count(self, _requests: Requests, group: Group) -> list[int]:
            return [int((values > 2).sum()) for _, values in group.outputs()]

    [window] = fold([record(Call("a", 5))], lambda *_: None, (Largest(),))
    assert window.statistics == {"rows_above_two": (2,)}
