"""What a serving process hands over arrives as it was, or without its arrays, but never wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hythe.base.errors import Corrupt
from hythe.dataplane.record import Recorder
from hythe.dataplane.written import MOST_CELLS
from hythe.monitor.records.arrays import together
from hythe.monitor.records.call import Call
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord
from hythe.runtime.ring import Ring, create


class Line:
    """A recorder and the other end."""

    def __init__(self, size: int = 2**20) -> None:
        descriptor = create(size)
        self.recorder = Recorder(Ring(descriptor), "churn", "1.2.3")
        self._ring, self._read = Ring(descriptor), RecordReader()

    def taken(self) -> list[BatchRecord]:
        return [self._read(data) for _, data in self._ring.take()]


CALLS = st.builds(
    Call,
    id=st.text(max_size=40),
    rows=st.just(1),
    outcome=st.sampled_from(["answered", "refused", "failed"]),
    reason=st.text(max_size=10),
    duration_s=st.floats(0, 100),
    queue_s=st.floats(0, 100),
    share=st.floats(0, 1),
    key=st.text(max_size=10),
    caller=st.text(max_size=10),
    door=st.text(max_size=10),
    status=st.integers(0, 599),
    bytes_in=st.integers(0, 2**40),
    bytes_out=st.integers(0, 2**40),
    trace=st.text(max_size=32),
    flags=st.integers(0, 7),
    first=st.integers(0, 10**6),
)
DTYPES = st.sampled_from(["<f8", "<f4", "<i8", "<i4", "|u1", "|b1", "<f2"])


@given(
    st.lists(CALLS, min_size=1, max_size=5).flatmap(
        lambda calls: st.tuples(
            st.just(calls),
            DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, (len(calls), 3))),
            DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, (len(calls),))),
        )
    )
)
def test_a_batch_arrives_as_it_was(given_batch: tuple[list[Call], Any, Any]) -> None:
    calls, numbers, values = given_batch
    line = Line()
    assert line.recorder.batch(calls, {"numbers": numbers}, {"value": values}, inference_s=0.5, at_ns=42)
    [found] = line.taken()
    assert (found.layout.endpoint, found.layout.version) == ("churn", "1.2.3")
    assert (found.at_ns, found.rows, found.ran, found.inference_s) == (42, len(calls), True, 0.5)
    assert [*found.calls] == calls
    np.testing.assert_array_equal(found.inputs["numbers"], numbers)
    np.testing.assert_array_equal(found.outputs["value"], values)
    assert np.asarray(found.outputs["value"]).dtype == values.dtype


def test_a_version_whose_arrays_change_is_read_by_the_new_ones() -> None:
    line = Line()
    for width in (2, 3, 2):
        line.recorder.batch([Call("a", 1)], {"x": np.ones((1, width))}, inference_s=0, at_ns=0)
    assert [np.shape(record.inputs["x"]) for record in line.taken()] == [(1, 2), (1, 3), (1, 2)]


def test_labels_travel_as_they_are() -> None:
    line = Line()
    labels = np.array(["yes", "né", "no"], dtype=object)
    line.recorder.batch([Call("a", 3)], {}, {"label": labels, "n": np.arange(3)}, inference_s=0, at_ns=0)
    [record] = line.taken()
    assert record.outputs["label"] == ["yes", "né", "no"]
    assert np.asarray(record.outputs["n"]).tolist() == [0, 1, 2]


def test_refused_rows_are_named() -> None:
    line = Line()
    refused = np.array([False, True, True])
    line.recorder.batch([Call("a", 3)], {"x": np.zeros((3, 1))}, {}, refused, inference_s=0, at_ns=0)
    assert line.taken()[0].refused == [1, 2]


def test_a_request_without_a_model_has_no_arrays() -> None:
    line = Line()
    line.recorder.alone(Call("a", 2, "refused", "invalid"), at_ns=9)
    [record] = line.taken()
    assert (record.ran, record.rows, record.inputs, record.outputs) == (False, 2, {}, {})
    assert [*record.calls] == [Call("a", 2, "refused", "invalid")]


@pytest.mark.parametrize("values", [np.arange(6.0).reshape(2, 3)[:, ::-1], np.arange(6.0).reshape(3, 2).T])
def test_arrays_in_another_order_of_memory_travel_too(values: Any) -> None:
    line = Line()
    line.recorder.batch([Call("a", 2)], {"x": values}, inference_s=0, at_ns=0)
    np.testing.assert_array_equal(line.taken()[0].inputs["x"], values)


def test_wide_arrays_are_left_out_and_the_others_stay() -> None:
    line = Line()
    pixels = np.zeros((1, MOST_CELLS + 1))
    line.recorder.batch([Call("a", 1)], {"x": np.ones((1, 2)), "y": pixels}, inference_s=0, at_ns=0)
    assert list(line.taken()[0].inputs) == ["x"]


@pytest.mark.parametrize(
    "answers",
    [
        {"value": np.array([object()], dtype=object)},
        {"value": np.ones((1, MOST_CELLS)), "more": np.ones((1, MOST_CELLS))},
    ],
    ids=["strange", "large"],
)
def test_a_batch_that_cannot_travel_whole_goes_without_arrays(answers: dict[str, Any]) -> None:
    line = Line(2**16)
    assert line.recorder.batch([Call("a", 1)], {"x": np.ones((1, 2))}, answers, inference_s=0.25, at_ns=7)
    [record] = line.taken()
    assert (record.inputs, record.outputs, record.rows, record.inference_s) == ({}, {}, 1, 0.25)
    assert [*record.calls] == [Call("a", 1)]


def test_a_full_ring_is_told() -> None:
    line = Line(4096)
    call = Call("a" * 3000, 1)
    assert line.recorder.alone(call, at_ns=0)
    assert not line.recorder.alone(call, at_ns=0)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_record_are_told(data: bytes) -> None:
    with pytest.raises(Corrupt, match="cannot be read"):
        RecordReader()(memoryview(data))


def test_a_record_that_ends_before_its_arrays_is_corrupt() -> None:
    descriptor = create(2**16)
    ring, recorder = Ring(descriptor), Recorder(Ring(descriptor), "churn", "1.2.3")
    recorder.batch([Call("a", 2)], {"x": np.ones((2, 3))}, inference_s=0, at_ns=0)
    [(_, data)] = ring.take()
    read = RecordReader()
    assert read(data).rows == 2
    with pytest.raises(Corrupt, match="ends before its arrays"):
        read(data[:-8])


def test_the_arrays_of_many_records_come_together_in_the_order_of_their_rows() -> None:
    line = Line()
    for rows in (1, 3, 2):
        x, flags = np.full((rows, 2), float(rows)), np.arange(rows) % 2 == 0
        labels = np.array([f"{rows}.{row}" for row in range(rows)], dtype=object)
        line.recorder.batch(
            [Call("a", rows)], {"flag": flags, "x": x}, {"label": labels}, inference_s=0, at_ns=0
        )
    records = line.taken()
    found = dict(together(record.inputs for record in records))
    np.testing.assert_array_equal(found["x"][:, 1], [1, 3, 3, 3, 2, 2])
    np.testing.assert_array_equal(found["flag"], [True, True, False, True, True, False])
    [(_, labels)] = together(record.outputs for record in records)
    assert labels.tolist() == ["1.0", "3.0", "3.1", "3.2", "2.0", "2.1"]
