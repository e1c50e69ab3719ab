"""A model's input is used where it tells a feature's cells apart; what it does not tell is read beside it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.monitor.observed_rows import FEED, SCHEMA, answers, baseline, rows, table

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.feed import Coded, Feed
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Schema, Tensor
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.sources import observing, sources

BASELINE = baseline()
TOWNS = ("A", "B", "C", "elsewhere")


def beside(*codes: Coded, numbers: tuple[str, ...] = ()) -> Observing:
    return observing(SCHEMA, BASELINE, Feed(numbers=numbers, codes=codes))


def coded(found: Observing) -> list[str]:
    return [item.name for item in found.feed.codes]


def test_a_native_model_has_everything_read() -> None:
    found = observing(SCHEMA, BASELINE, None)
    assert found.feed.numbers == ("charges", "ratio", "visits", "paid")
    assert found.feed.single == ("ratio",)
    assert coded(found) == ["contract", "town", "name"]
    assert found.times == ("since",)


def test_numbers_of_the_input_are_not_read_again() -> None:
    assert beside(numbers=("visits", "paid")).feed.numbers == ("charges", "ratio")


def test_a_table_that_tells_all_cells_apart_is_used() -> None:
    assert coded(beside(Coded("town", (*TOWNS, "more")))) == ["contract", "name"]


@pytest.mark.parametrize(
    "table",
    [
        Coded("town", ("A", "B")),
        Coded("town", TOWNS, (2, 3, 3, 5)),
        Coded("town", TOWNS, missing=1),
        Coded("town", TOWNS, unseen=2),
        Coded("town", TOWNS, missing=3),
    ],
    ids=["lacks a value", "two in one", "missing as unseen", "unseen as a value", "missing as a value"],
)
def test_a_table_that_gives_several_cells_one_code_is_not_used(table: Coded) -> None:
    assert "town" in coded(beside(table))


def test_values_that_no_bin_knows_may_share_a_code() -> None:
    assert "town" not in coded(beside(Coded("town", (*TOWNS, "x", "y"), (2, 3, 4, 5, 1, 1))))


def test_hashed_text_is_counted_only_where_its_values_are_known() -> None:
    schema = SCHEMA.replacing("town", sensitive=True)
    secret = baseline_of(schema)
    assert "town" not in coded(observing(schema, secret, None))
    assert "name" in coded(observing(schema, secret, None))


def baseline_of(schema: Schema) -> Baseline:
    return compute(table(rows(100, 0)), schema, Outcome.answered(answers(100, 0)))


def test_every_feature_has_one_place() -> None:
    found = sources(SCHEMA, BASELINE, FEED, observing(SCHEMA, BASELINE, FEED))
    assert {name: (item.array, item.place) for name, item in found.items()} == {
        "visits": ("numbers", 0),
        "charges": ("numbers", 1),
        "ratio": ("seen_numbers", 0),
        "paid": ("seen_numbers", 1),
        "contract": ("seen_codes", 0),
        "town": ("seen_codes", 1),
        "name": ("seen_codes", 2),
        "since": ("seen_times", 0),
    }


def test_tensors_tell_everything_themselves() -> None:
    schema = Schema((Tensor("image", "float32", (2,)),), container="tensors")
    reference = compute({"image": np.ones((3, 2))}, schema, Outcome.answered({"value": np.zeros(3)}))
    assert observing(schema, reference, None) == Observing()
    assert sources(schema, reference, None, Observing())["image"].array == "image"
