"""Goldens are replayed at every load: equal answers, equal refusals, or the row that broke."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from hythe.bundle.goldens import Goldens
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Schema
from hythe.compile.cells import floats
from hythe.compile.replay import replay, replay_native

SCHEMA = Schema((Column("x", "float64"),))


def original(rows: Any) -> Any:
    x = floats(rows.column("x"))
    if np.isinf(x).any():
        raise ValueError("x is infinite")
    return {"value": x * 3}


GOLDENS = Goldens(
    pa.table({"x": [1.0, 2.0, float("inf")]}),
    Outcome({"value": np.array([3.0, 6.0, 0.0])}, np.array([False, False, True])),
    ("example", "example", "infinite"),
)


def test_a_model_that_does_what_it_did_holds() -> None:
    found = replay_native(GOLDENS, original, SCHEMA)
    assert found.holds
    assert str(found) == "all 3 goldens hold"


def test_goldens_hold_after_a_trip_through_bytes() -> None:
    assert replay_native(Goldens.decode(GOLDENS.encode()), original, SCHEMA).holds


def test_another_answer_names_the_row_the_expected_and_the_got() -> None:
    def other(rows: Any) -> Outcome:
        x = floats(rows.column("x"))
        return Outcome({"value": np.where(x == 2.0, 7.0, x * 3)}, np.isinf(x))

    found = replay(GOLDENS, other, SCHEMA)
    assert (found.holds, found.broken) == (False, 1)
    assert found.first is not None
    assert (found.first.row, found.first.original, found.first.variant) == (
        {"x": 2.0},
        {"value": 6.0},
        {"value": 7.0},
    )
    assert "1 of 3 goldens broke" in str(found)


def test_an_answer_to_a_refused_row_breaks() -> None:
    def careless(rows: Any) -> Outcome:
        return Outcome.answered({"value": floats(rows.column("x")) * 3})

    found = replay(GOLDENS, careless, SCHEMA)
    assert found.first is not None
    assert found.first.kind == "infinite"
    assert "expected a refusal, got {'value': 'Infinity'}" in str(found)


def test_a_model_that_raises_on_everything_says_what_it_raised() -> None:
    def broken(_: Any) -> Outcome:
        raise AttributeError("'OneHotEncoder' object has no attribute '_drop'")

    found = replay(GOLDENS, broken, SCHEMA)
    assert not found.holds
    assert str(found).startswith("none of 3 goldens could be replayed: AttributeError: 'OneHotEncoder'")
