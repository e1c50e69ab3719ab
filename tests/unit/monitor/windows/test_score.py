"""What a request was predicted, between 0 and 1: against values worked out by hand, whatever the batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.unit.monitor.observed_rows import baseline

from hythe.bundle.schema import Output
from hythe.monitor.records.arrays import Field
from hythe.monitor.records.call import CACHED, PART, RESCUED, SHADOW, Call
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.record import BatchRecord, Layout
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.score import Score
from hythe.monitor.windows.statistic import Prediction

PROBABILITIES = Output("probabilities", "float64", (2,), ("no", "yes"))
OF_TWO = Score("probabilities", label="yes", last=True)
OF_VALUE = Score("value", 10.0, 30.0)


def test_a_classifiers_score_is_the_probability_of_its_last_class() -> None:
    score = Score.of((Output("label", "str"), PROBABILITIES), None)
    assert score == OF_TWO
    given = {"probabilities": np.array([[0.9, 0.1], [0.25, 0.75]])}
    assert score.of_requests(Calls.of([Call("a", 1), Call("b", 1)]), given).tolist() == [0.1, 0.75]


def test_where_only_labels_are_answered_it_is_whether_it_was_the_last() -> None:
    score = Score.of((Output("label", "str", classes=("no", "yes")),), None)
    assert score is not None
    calls = Calls.of([Call("a", 2), Call("b", 1)])
    assert score.of_requests(calls, {"label": ["yes", "no", "no"]}).tolist() == [
        0.5,
        0.0,
    ]


def test_a_number_is_scaled_by_the_range_in_the_baseline_and_clipped() -> None:
    reference = baseline()
    moments = reference.outputs["n"].moments
    assert moments is not None
    assert moments.minimum is not None
    assert moments.maximum is not None
    score = Score.of((Output("n", "int64"),), reference)
    assert score == Score("n", moments.minimum, moments.maximum)
    calls = [Call(str(place), 1) for place in range(5)]
    found = OF_VALUE.of_requests(Calls.of(calls), {"value": np.array([5.0, 10.0, 15.0, 40.0, math.inf])})
    assert found.tolist() == [0.0, 0.0, 0.25, 1.0, 1.0]


@pytest.mark.parametrize("output", [Output("value", "float64"), Output("embedding", "float64", (3, 4))])
def test_without_a_range_there_is_no_score(output: Output) -> None:
    assert Score.of((output,), None) is None


def test_a_request_has_the_mean_of_its_rows() -> None:
    calls = [Call("a", 3), Call("b", 0), Call("c", 1)]
    found = OF_VALUE.of_requests(Calls.of(calls), {"value": np.array([10.0, 20.0, 30.0, 14.0])})
    assert np.array_equal(found, [0.5, math.nan, 0.2], equal_nan=True)


@pytest.mark.parametrize(
    "call",
    [
        Call("a", 1, "refused", "invalid"),
        Call("a", 1, flags=PART),
        Call("a", 1, flags=SHADOW),
        Call("a", 1, "failed", flags=RESCUED),
    ],
    ids=["refused", "a part", "a shadow's", "rescued"],
)
def test_what_was_not_answered_to_a_caller_has_none(call: Call) -> None:
    calls = Calls.of([call, Call("b", 1, flags=CACHED)])
    found = OF_VALUE.of_requests(calls, {"value": np.array([15.0, 20.0])})
    assert np.array_equal(found, [math.nan, 0.5], equal_nan=True)


@pytest.mark.parametrize("outputs", [{}, {"value": ["much"]}, {"other": np.array([1.0])}], ids=str)
def test_outputs_that_have_no_such_number_have_none(outputs: dict[str, Any]) -> None:
    assert np.isnan(OF_VALUE.of_requests(Calls.of([Call("a", 1)]), outputs)).all()


def record(*calls: Call, values: list[float], **changes: Any) -> BatchRecord:
    return BatchRecord(
        Layout("churn", "1.0.0", (), (Field("value", "<f8"),)),
        **{
            "at_ns": 7_000_000_000, "rows": len(values), "ran": True, "inference_s": 0.001, "refused": [],
            "calls": Calls.of(calls), "inputs": {}, "outputs": {"value": np.array(values)}, **changes,
        },
    )  # fmt: skip


def test_windows_count_predictions_in_whole_thousandths() -> None:
    records = [
        record(Call("a", 2), Call("b", 1), values=[10.0, 20.0, 30.0]),
        record(Call("c", 1), Call("d", 1, "refused", "invalid"), values=[25.0, 11.0], refused=[1]),
        record(Call("e", 1), values=[math.nan]),
    ]
    [window] = fold(records, lambda *_: None, (Prediction(),), lambda _endpoint: OF_VALUE)
    thousandths = [250, 1000, 750]
    assert window.statistics == {
        "prediction": (3, *(sum(value**power for value in thousandths) for power in (1, 2, 3)))
    }


def test_arms_that_share_a_batch_have_each_their_own() -> None:
    batch = record(Call("a", 1, share=0.9), Call("b", 2, share=0.1), values=[30.0, 10.0, 20.0])
    found = fold([batch], lambda *_: None, (Prediction(),), lambda _endpoint: OF_VALUE)
    assert {w.share: w.statistics["prediction"] for w in found} == {
        0.9: (1, 1000, 1000**2, 1000**3), 0.1: (1, 250, 250**2, 250**3),
    }  # fmt: skip


def test_an_endpoint_without_a_score_counts_none() -> None:
    [window] = fold([record(Call("a", 1), values=[1.0])], lambda *_: None, (Prediction(),))
    assert window.statistics == {}
