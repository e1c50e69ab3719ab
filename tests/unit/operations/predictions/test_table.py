"""Records as rows: what clients sent and were answered, one row each, and nothing that was to be left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.monitor.observed_rows import FEED, SCHEMA, Pipe, answers, rows, table

from hythe.bundle.feed import Feed
from hythe.bundle.schema import Output, Schema, Tensor
from hythe.dataplane.record import Recorder
from hythe.monitor.records.call import CACHED, DEGRADED, RESCUED, SHADOW, Call
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.records.restore import Restorer
from hythe.monitor.records.sample import sampled
from hythe.monitor.records.sources import observing
from hythe.operations.predictions.table import NOTE, Rows
from hythe.runtime.ring import Ring, create

AT = datetime(2026, 11, 21, 12, 30, 1, 250_000, tzinfo=UTC)
AT_NS = int(AT.timestamp() * 1000) * 10**6


def recorded(pipe: Pipe, data: list[dict[str, Any]], calls: list[Call], **more: Any) -> list[BatchRecord]:
    """Record a batch of `calls` for the rows, and read it."""
    objects = pipe.reader.convert_all([dict(row) for row in data])
    assert pipe.feeder is not None
    fed = {**pipe.feeder.from_objects(objects), **pipe.observed(objects)}
    found = answers(len(data), 1)
    assert pipe.recorder.batch(calls, fed, found, **{"inference_s": 0.25, "at_ns": AT_NS, **more})
    read = RecordReader()
    return [read(raw) for _, raw in pipe.ring.take()]


def maker(pipe: Pipe, **options: Any) -> Rows:
    beside = observing(SCHEMA, pipe.baseline, FEED)
    return Rows(SCHEMA, Restorer(SCHEMA, FEED, beside, options.get("leave_out", ())), **options)


def test_a_row_is_what_was_sent_and_answered_and_how() -> None:
    pipe, data = Pipe(FEED), rows(6, 1)
    calls = [
        Call("id-a", 2, share=0.25, revision=7, duration_s=0.5, queue_s=0.125, first=3),
        Call("id-b", 4, flags=DEGRADED | CACHED),
    ]
    found = maker(pipe).table(recorded(pipe, data, calls))
    assert found is not None
    features = [column.name for column in SCHEMA.columns if not column.sensitive]
    assert found.select(features).to_pylist() == [
        {name: row[name] if name != "town" or row["town"] in {"A", "B", "C"} else None for name in features}
        for row in table(data).to_pylist()
    ]
    assert found.schema.field("since").type == table(data).schema.field("since").type
    assert found["hythe_prediction_id"].to_pylist() == ["id-a"] * 2 + ["id-b"] * 4
    assert found["hythe_row"].to_pylist() == [3, 4, 0, 1, 2, 3]
    assert found["hythe_time"].to_pylist() == [AT] * 6
    expected = answers(6, 1)
    assert found["hythe_output_label"].to_pylist() == expected["label"].tolist()
    assert found["hythe_output_probabilities"].to_pylist() == expected["probabilities"].tolist()
    first, last = found.to_pylist()[0], found.to_pylist()[-1]
    told = ("share", "revision", "degraded", "cached", "duration_s", "queue_s", "inference_s")
    assert [first[f"hythe_{name}"] for name in told] == [0.25, 7, False, False, 0.5, 0.125, 0.25]
    assert [last[f"hythe_{name}"] for name in told] == [1.0, 0, True, True, 0.0, 0.0, 0.25]


def test_a_value_that_was_not_recorded_is_null_and_named() -> None:
    pipe, data = Pipe(FEED), rows(60, 2)
    found = maker(pipe).table(recorded(pipe, data, [Call("id", 60)]))
    assert found is not None
    strange = [row["town"] not in {None, "A", "B", "C"} for row in data]
    assert any(strange)
    assert found["hythe_untold"].to_pylist() == [["town"] if odd else [] for odd in strange]
    assert [found["town"].to_pylist()[place] for place, odd in enumerate(strange) if odd] == [None] * sum(
        strange
    )


def test_only_rows_that_a_model_answered_are_written() -> None:
    pipe, data = Pipe(FEED), rows(10, 0)
    calls = [
        Call("answered", 4), Call("refused", 2, "refused", "invalid"), Call("shadow", 2, flags=SHADOW),
        Call("rescued", 2, "failed", "internal", flags=RESCUED),
    ]  # fmt: skip
    refused = np.array([False, True, *[False] * 8])
    found = maker(pipe).table(recorded(pipe, data, calls, refused=refused))
    assert found is not None
    pairs = zip(found["hythe_prediction_id"].to_pylist(), found["hythe_row"].to_pylist(), strict=True)
    assert list(pairs) == [("answered", 0), ("answered", 2), ("answered", 3)]
    recorder = Recorder(Ring(create(4096)), "churn", "1.0.0")
    assert recorder.alone(Call("constant", 1), at_ns=0)


def test_a_share_is_drawn_by_the_prediction_id() -> None:
    pipe, data = Pipe(FEED), rows(200, 0)
    names = [f"017f22e2-79b0-7000-80{number:02x}-000000000000" for number in range(200)]
    found = maker(pipe, share=0.5).table(recorded(pipe, data, [Call(name, 1) for name in names]))
    assert found is not None
    assert found["hythe_prediction_id"].to_pylist() == [name for name in names if sampled(name, 0.5)]
    assert 0 < found.num_rows < 200
    pipe = Pipe(FEED)
    alone = recorded(pipe, data[:1], [Call(names[0], 1)])
    assert maker(pipe, share=0.5).table(alone) is None


def test_what_is_left_out_is_in_no_column_and_the_file_says_so() -> None:
    pipe, data = Pipe(FEED), rows(5, 0)
    found = maker(pipe, leave_out=["charges", "probabilities"]).table(recorded(pipe, data, [Call("id", 5)]))
    assert found is not None
    assert not {"charges", "name", "hythe_output_probabilities"} & {*found.column_names}
    note = msgspec.json.decode(found.schema.metadata[NOTE])
    assert note["left_out"] == ["charges", "name", "probabilities"]
    assert note["classes"] == {"probabilities": ["no", "yes"]}


def test_tensors_are_written_as_lists() -> None:
    schema = Schema((Tensor("image", "float32", (2, 3)),), (Output("scores", "float32", (4,)),))
    descriptor = create(2**16)
    image = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    scores = np.arange(8, dtype=np.float32).reshape(2, 4)
    Recorder(Ring(descriptor), "faces", "1.0.0").batch(
        [Call("id", 2)], {"image": image}, {"scores": scores}, inference_s=0.0, at_ns=AT_NS
    )
    [(_, raw)] = Ring(descriptor).take()
    made = Rows(schema, Restorer(schema, Feed(tensors=schema.tensors), Observing()))
    found = made.table([RecordReader()(raw)])
    assert found is not None
    assert found["image"].to_pylist() == image.reshape(2, 6).tolist()
    assert found["hythe_output_scores"].to_pylist() == scores.tolist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_keep_their_unit(unit: Any) -> None:
    schema = SCHEMA.replacing("since", unit=unit)
    feed = Feed()
    restorer = Restorer(schema, feed, Observing(times=("since",)))
    descriptor = create(2**16)
    seconds = np.array([[1_763_728_201.0], [np.nan]])
    Recorder(Ring(descriptor), "churn", "1.0.0").batch(
        [Call("id", 2)], {"seen_times": seconds}, {"n": np.array([1, 2])}, inference_s=0.0, at_ns=0
    )
    [(_, raw)] = Ring(descriptor).take()
    found = Rows(schema, restorer).table([RecordReader()(raw)])
    assert found is not None
    assert str(found.schema.field("since").type) == f"timestamp[{unit}]"
    assert found["since"].cast("timestamp[s]").to_pylist() == [datetime(2025, 11, 21, 12, 30, 1), None]  # noqa: DTZ001
