"""A batch in slices gives the windows that it would give whole, to the last bit, whenever they are folded."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hythe.bundle.baseline import compute
from hythe.bundle.feed import Coded, Feed
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Output, Schema
from hythe.dataplane.slices import Slice, slices
from hythe.monitor.records.call import LATER, PART, Call
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.record import BatchRecord, Body, Layout
from hythe.monitor.windows.counting import BinCounter
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.group import Group, Requests
from hythe.monitor.windows.statistic import Errors, Latency
from hythe.monitor.windows.window import Window, coarsen

KINDS = ("a", "b", "c")
SCHEMA = Schema(
    (
        Column("x", "float64", nullable=True),
        Column("y", "float64", nullable=True),
        Column("kind", "category", categories=KINDS, nullable=True),
    ),
    (Output("label", "str"), Output("score", "float64")),
)
FEED = Feed(("x", "y"), codes=(Coded("kind", KINDS),))


@cache
def counter() -> BinCounter:
    rng = np.random.default_rng(0)
    table = pa.table({"x": rng.normal(size=99), "y": rng.normal(size=99), "kind": rng.choice(KINDS, 99)})
    answers = {"label": rng.choice(np.array(["no", "yes"], dtype=object), 99), "score": rng.random(99)}
    return BinCounter(SCHEMA, compute(table, SCHEMA, Outcome.answered(answers)), FEED, Observing())


class Positive:
    """A statistic of the answered rows."""

    name = "positive"

    def count(self, _requests: Requests, group: Group) -> list[int]:
        return [sum(int((values > 0).sum()) for name, values in group.outputs() if name == "score")]


CALLS = st.lists(
    st.builds(
        Call,
        id=st.text("abc", min_size=1, max_size=2),
        rows=st.integers(0, 7),
        outcome=st.sampled_from(["answered", "answered", "refused", "failed"]),
        duration_s=st.floats(0, 5),
        queue_s=st.floats(0, 5),
        share=st.sampled_from([0.0, 0.1, 0.9]),
        revision=st.sampled_from([1, 2]),
        flags=st.integers(0, 2 * LATER - 1),
        first=st.integers(0, 5),
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def batches(draw: st.DrawFn) -> Slice:
    calls = draw(CALLS)
    rows = sum(call.rows for call in calls)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    refused = np.flatnonzero(rng.random(rows) < draw(st.sampled_from([0, 0.3, 1]))).tolist()
    raw = [rng.normal(size=(rows, 2)) * 2, rng.integers(0, 5, (rows, 1))]
    if not draw(st.booleans()):  # the run failed
        return Slice(rows, Body(Calls.of(calls), refused), raw)
    labels = rng.choice(["no", "yes", "maybe"], rows).tolist()
    return Slice(rows, Body(Calls.of(calls), refused, [labels]), [*raw, rng.normal(size=rows)])


BATCHES, SIZES = batches(), st.integers(1, 20)


def record(part: Slice, *, ran: bool) -> BatchRecord:
    body, (numbers, codes, *scores) = part.body, part.raw
    outputs: dict[str, Any] = {"label": body.lists[0], "score": scores[0]} if scores else {}
    return BatchRecord(
        Layout("churn", "1.0.0"),
        7_500_000_000,
        part.rows,
        ran,
        0.002 if ran else 0.0,
        body.calls,
        body.refused,
        {"numbers": numbers, "codes": codes},
        outputs,
        whole=body.whole,
    )


def windows(records: list[BatchRecord]) -> list[Window]:
    return coarsen(fold(records, lambda *_: counter(), (Errors(), Latency(), Positive())), 1)


@settings(max_examples=150, deadline=None)
@given(batch=BATCHES, most_rows=SIZES, ran=st.booleans())
def test_slices_give_the_windows_of_the_whole(batch: Slice, most_rows: int, *, ran: bool) -> None:
    parts = [record(part, ran=ran) for part in slices(batch.body, batch.raw, most_rows)]
    whole = windows([record(batch, ran=ran)])
    assert windows(parts) == whole
    # The sidecar may look between any two of them.
    assert coarsen([window for part in parts for window in windows([part])], 1) == whole


@settings(deadline=None)
@given(BATCHES, SIZES)
def test_each_row_is_in_one_slice_with_its_call_and_its_index(batch: Slice, most_rows: int) -> None:
    parts = list(slices(batch.body, batch.raw, most_rows))
    assert all(part.rows <= most_rows for part in parts)
    for place, array in enumerate(batch.raw):
        np.testing.assert_array_equal(np.concatenate([part.raw[place] for part in parts]), array)

    def owners(calls: list[Call]) -> list[tuple[str, int, str]]:
        return [(c.id, c.first + place, c.outcome) for c in calls for place in range(c.rows)]

    assert owners([call for part in parts for call in part.body.calls]) == owners([*batch.body.calls])


@settings(deadline=None)
@given(BATCHES, SIZES)
def test_each_request_stands_in_one_slice_where_it_ends(batch: Slice, most_rows: int) -> None:
    pieces = [call for part in slices(batch.body, batch.raw, most_rows) for call in part.body.calls]
    ends = [(call.id, call.first + call.rows) for call in batch.body.calls if not call.flags & PART]
    assert [(call.id, call.first + call.rows) for call in pieces if not call.flags & PART] == ends
    later = [call.id for call in batch.body.calls if call.flags & LATER]
    assert [call.id for call in pieces if call.flags & LATER] == later
