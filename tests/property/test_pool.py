"""Small batches that are recorded together say what each would say by itself, to the last bit."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_slices import FEED, SCHEMA, counter

from hythe.bundle.rows import Array
from hythe.dataplane.pool import MOST_CALLS
from hythe.dataplane.record import Later, Recorder
from hythe.monitor.outcomes.first_requests import FirstRequests
from hythe.monitor.outcomes.join import joins
from hythe.monitor.records.access_log import lines
from hythe.monitor.records.call import CACHED, LATER, Call
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord, Layout
from hythe.monitor.records.restore import Restorer
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.score import Score
from hythe.monitor.windows.statistic import Errors, Latency, Prediction
from hythe.operations.predictions.table import Rows
from hythe.runtime.ring import Ring, create
from hythe.server.observing.spans import SpanMaker

SECOND_NS = 10**9
SCORE = Score("score")


class Batch(NamedTuple):
    calls: list[Call]
    feeds: dict[str, Array]
    answers: dict[str, Array]
    refused: Array | None
    times: dict[str, Any]


CALLS = st.lists(
    st.builds(
        Call,
        id=st.uuids().map(str),
        rows=st.integers(1, 3),
        outcome=st.sampled_from(["answered"] * 9 + ["failed"]),
        duration_s=st.floats(0, 5),
        queue_s=st.floats(0, 5),
        share=st.sampled_from([0.5] * 9 + [0.25]),
        revision=st.sampled_from([1] * 9 + [2]),
        key=st.sampled_from(["", "ana", "bo"]),
        trace=st.sampled_from(["", f"00-{'ab' * 16}-{'cd' * 8}-01"]),
        flags=st.sampled_from([0] * 9 + [CACHED, LATER]),
    ),
    min_size=1,
    max_size=20,
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    calls = draw(CALLS)
    rows = sum(call.rows for call in calls)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    width = np.float32 if draw(st.integers(0, 9)) == 9 else np.float64
    feeds = {"numbers": rng.normal(size=(rows, 2)).astype(width), "codes": rng.integers(0, 5, (rows, 1))}
    label = rng.choice(np.array(["no", "yes"], dtype=object), rows)
    refused = rng.random(rows) < 0.3 if draw(st.integers(0, 9)) == 9 else None
    at_ns = draw(st.integers(0, 3 * SECOND_NS))
    inference_s = draw(st.sampled_from([None, 0.25, 0.5]))
    times = {"inference_s": inference_s, "encode_s": draw(st.sampled_from([0.0, 0.125])), "at_ns": at_ns}
    return Batch(calls, feeds, {"label": label, "score": rng.random(rows)}, refused, times)


def told(found: list[Batch], later: Later | None) -> list[BatchRecord]:
    """Record batches, and read the records."""
    descriptor = create(2**22)
    recorder = Recorder(Ring(descriptor), "churn", "1.0.0", later=later)
    for batch in found:
        assert recorder.batch(batch.calls, batch.feeds, batch.answers, batch.refused, **batch.times)
    recorder.flush()
    ring, read = Ring(descriptor), RecordReader()
    assert ring.inside == -sum(len(batch.calls) for batch in found)  # all have left, and none had entered
    return [read(data) for _, data in ring.take()]


@given(st.lists(batches(), max_size=12), st.sampled_from([1, 2, 5]))
@settings(deadline=None, max_examples=60)
def test_records_of_several_batches_say_what_those_of_each_would(found: list[Batch], period_s: int) -> None:
    found = sorted(found, key=lambda batch: batch.times["at_ns"])
    apart, together = told(found, None), told(found, lambda _seconds, _call: None)
    statistics = (Errors(), Latency(), Prediction())

    def everything(records: list[BatchRecord]) -> list[Any]:
        first = FirstRequests().take(records, lambda _endpoint: True, lambda _endpoint: SCORE)
        maker, rows = SpanMaker(0.5), Rows(SCHEMA, Restorer(SCHEMA, FEED, Observing()))
        alike: dict[Layout, list[BatchRecord]] = {}
        for record in records:
            alike.setdefault(record.layout, []).append(record)
        tables = [rows.table(those) for those in alike.values()]
        windows = fold(records, lambda *_: counter(), statistics, lambda _endpoint: SCORE, period_s)
        return [
            sorted(windows, key=lambda window: (window.start, window.share, window.revision)),
            sorted(lines(records, 0.5).splitlines()),
            sorted(map(repr, joins(records, 0.7))),
            [*first],
            sorted(repr(maker.spans(sampled)) for sampled in maker.sampled(records)),
            sorted(repr(row) for table in tables if table is not None for row in table.to_pylist()),
        ]

    assert everything(together) == everything(apart)


@given(st.lists(batches(), max_size=12))
@settings(deadline=None, max_examples=30)
def test_batches_that_went_together_come_apart_as_they_were(found: list[Batch]) -> None:
    records = [part for record in told(found, lambda _seconds, _call: None) for part in record.apart()]
    whole = told(found, None)
    assert [(r.calls, r.at_ns, r.ran, r.inference_s, r.encode_s, r.batch, r.rows) for r in records] == [
        (r.calls, r.at_ns, r.ran, r.inference_s, r.encode_s, r.batch, r.rows) for r in whole
    ]


def test_small_batches_share_a_record_until_there_are_many_or_a_moment_passes() -> None:
    descriptor, alarms = create(2**20), []
    recorder = Recorder(Ring(descriptor), "churn", "1.0.0", later=lambda _s, call: alarms.append(call))
    ring = Ring(descriptor)

    def answer(number: int) -> None:
        answers = {"score": np.array([0.5])}
        assert recorder.batch([Call(f"id-{number}", 1)], {}, answers, inference_s=0.1, at_ns=7)

    for number in range(MOST_CALLS - 1):
        answer(number)
    assert (ring.used, len(alarms)) == (0, 1)
    answer(MOST_CALLS)
    [(end, data)] = ring.take()
    assert len(RecordReader()(data).calls) == MOST_CALLS
    ring.release(end)
    answer(0)
    assert (ring.used, len(alarms)) == (0, 1)  # the alarm is still to come
    alarms[0]()
    [(_, data)] = ring.take()
    assert [call.id for call in RecordReader()(data).calls] == ["id-0"]
    answer(1)
    assert len(alarms) == 2


def test_long_texts_share_records_with_no_more_than_fit() -> None:
    descriptor = create(2**22)
    recorder = Recorder(Ring(descriptor), "chat", "1.0.0", later=lambda _s, _call: None)
    ring, read, found, sizes = Ring(descriptor), RecordReader(), [], []
    for number in range(30):
        said = {"said": np.array([str(number % 10) * 50_000], dtype=object)}
        assert recorder.batch([Call(f"id-{number}", 1)], {}, said, inference_s=0.1, at_ns=7)
    assert recorder.flush()
    for _, data in ring.take():
        record = read(data)
        found += [text[0] for text in record.outputs["said"]]
        sizes.append(len(record.calls))
    assert found == [str(number % 10) for number in range(30)]
    assert sizes == [15, 15]  # of 50 kB each, in a ring of which a record may take a megabyte
    assert ring.lost == 0


def test_a_text_too_long_for_a_record_costs_what_was_answered_there_and_nowhere_else() -> None:
    descriptor = create(2**16)
    recorder = Recorder(Ring(descriptor), "chat", "1.0.0", later=lambda _s, _call: None)
    for number, text in enumerate(("short", "x" * 30_000, "short")):
        answers = {"said": np.array([text], dtype=object)}
        assert recorder.batch([Call(f"id-{number}", 1)], {}, answers, inference_s=0.1, at_ns=7)
    assert recorder.flush()
    read = RecordReader()
    records = [read(data) for _, data in Ring(descriptor).take()]
    assert [(record.calls.id, dict(record.outputs.items())) for record in records] == [
        (["id-0"], {"said": ["short"]}),
        (["id-1"], {}),
        (["id-2"], {"said": ["short"]}),
    ]
