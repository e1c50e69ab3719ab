"""A batch too large for one record still counts row by row, and each of its requests once."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from hythe.bundle.baseline import compute
from hythe.bundle.feed import Feed
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Output, Schema
from hythe.dataplane.record import Recorder
from hythe.monitor.outcomes.join import joins
from hythe.monitor.records.access_log import lines
from hythe.monitor.records.call import LATER, Call
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord, Reply
from hythe.monitor.records.replies import Replies
from hythe.monitor.windows.counting import BinCounter
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.window import Window
from hythe.runtime.ring import RING_BYTES, Ring, create
from hythe.server.observing.spans import SpanMaker

ROWS, WIDTH = 10_000, 40
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(ROWS, WIDTH))
ANSWERS = {"label": RNG.choice(np.array(["no", "yes"], dtype=object), ROWS), "score": RNG.random(ROWS)}
NAMES = tuple(f"x{place}" for place in range(WIDTH))
SCHEMA = Schema(
    tuple(Column(name, "float64") for name in NAMES), (Output("label", "str"), Output("score", "float64"))
)
TABLE = pa.table({name: NUMBERS[:, place] for place, name in enumerate(NAMES)})
BASELINE = compute(TABLE, SCHEMA, Outcome.answered(ANSWERS))
COUNTER = BinCounter(SCHEMA, BASELINE, Feed(NAMES), Observing())
REFUSED = np.arange(ROWS) % 1000 == 999


class Line:
    """A recorder and the other end of its ring."""

    def __init__(self, size: int = RING_BYTES) -> None:
        descriptor = create(size)
        self.recorder, self.ring = Recorder(Ring(descriptor), "churn", "1.0.0"), Ring(descriptor)
        self._read = RecordReader()

    def put(self, *calls: Call, refused: Any = None, inference_s: float | None = 0.25) -> bool:
        feeds = {"numbers": NUMBERS}
        return self.recorder.batch(
            list(calls), feeds, ANSWERS, refused, inference_s=inference_s, encode_s=0.1, at_ns=10**18
        )

    def taken(self) -> list[BatchRecord]:
        return [self._read(data) for _, data in self.ring.take()]


def window(records: list[BatchRecord]) -> Window:
    [found] = fold(records, lambda *_: COUNTER, ())
    return found


def test_every_row_of_a_large_batch_is_in_the_bins() -> None:
    line = Line()
    assert line.put(Call("a", ROWS))
    records = line.taken()
    assert len(records) > 1
    found = window(records)
    assert (found.rows, found.answered_rows, found.counted_rows) == (ROWS, ROWS, ROWS)
    assert (found.requests, found.runs, found.run_rows) == ({"answered": 1}, 1, ROWS)
    assert found.inference_s.total_ns == 250_000_000
    for name, tally in found.features.items():
        assert tally.cells == BASELINE.features[name].counts.cells, name
    assert found.outputs["label"].cells == BASELINE.outputs["label"].counts.cells
    assert found.outputs["score"].cells == BASELINE.outputs["score"].counts.cells


def test_a_small_ring_counts_as_one_that_takes_the_batch_whole() -> None:
    small, wide = Line(), Line(16 * RING_BYTES)
    calls = [Call(f"{place}", 37) for place in range(270)] + [Call("last", 10, "failed", "timed_out")]
    for line in (small, wide):
        assert line.put(*calls, refused=REFUSED)
    [whole] = wide.taken()
    assert window(small.taken()) == window([whole])


def test_an_answer_from_the_cache_is_no_run_in_any_slice() -> None:
    line = Line()
    assert line.put(Call("a", ROWS), inference_s=None)
    found = window(line.taken())
    assert (found.counted_rows, found.runs, found.run_rows, found.inference_s.n) == (ROWS, 0, 0, 0)


def test_a_request_in_slices_has_one_line_one_trace_and_a_join_for_every_row() -> None:
    line = Line()
    one, two = (f"017f22e2-79b0-7000-8000-{number:012x}" for number in (1, 2))
    line.put(Call(one, 4), Call(two, ROWS - 4))
    records = line.taken()
    told = [msgspec.json.decode(written) for written in lines(records).splitlines()]
    assert [(entry["hythe.prediction_id"], entry["hythe.rows"]) for entry in told] == [
        (one, 4), (two, ROWS - 4),
    ]  # fmt: skip
    maker = SpanMaker(1.0)
    spans = [span for sampled in maker.sampled(records) for span in maker.spans(sampled)]
    runs = [span.attributes for span in spans if span.name == "inference"]
    assert runs == [{"hythe.batch.id": one, "hythe.batch.rows": ROWS}] * 2
    kept = [
        (join.first + place, score)
        for join in joins(records, 1.0)
        for place, score in enumerate(join.outputs["score"])
    ]
    assert kept == [*enumerate(ANSWERS["score"][:4].tolist()), *enumerate(ANSWERS["score"][4:].tolist())]


def test_a_reply_that_comes_later_ends_a_request_in_slices_once() -> None:
    line = Line()
    line.put(Call("a", ROWS, flags=LATER))
    line.recorder.reply(Reply("a", 200, 77, 0.5), at_ns=10**18)
    told = lines(Replies().settled(line.taken(), 0.0)).splitlines()
    assert [msgspec.json.decode(entry)["http.response.status_code"] for entry in told] == [200]


def test_large_batches_leave_a_quarter_of_the_ring_to_other_records() -> None:
    line = Line()
    for number in range(9):
        assert line.put(Call(f"{number}", ROWS))
    assert line.ring.used < 0.76 * line.ring.capacity
    found = window(line.taken())
    assert (found.requests, found.rows, found.runs, found.run_rows) == (
        {"answered": 9}, 9 * ROWS, 9, 9 * ROWS,
    )  # fmt: skip
    assert ROWS <= found.counted_rows == found.features["x0"].total < 9 * ROWS
    assert line.ring.lost == 0


def test_slices_that_find_no_room_are_lost_and_counted() -> None:
    line = Line()
    filling = bytes(line.ring.capacity // 16 - 8)
    for _ in range(16):
        assert Ring.put(line.recorder._ring, [filling])
    assert not line.put(Call("a", ROWS))
    assert line.ring.lost > 1
