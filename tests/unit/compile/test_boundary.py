"""The probe finds jumps by asking, and stands off a little on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from hythe.bundle.schema import Column, Schema
from hythe.compile.boundary import boundary_rows
from hythe.compile.cells import floats

SCHEMA = Schema((Column("x", "float64"), Column("n", "int32"), Column("plan", "string")))
RNG = np.random.default_rng(0)
EXAMPLES = pa.table(
    {
        "x": RNG.normal(50.0, 20.0, size=100),
        "n": pa.array(RNG.integers(0, 100, 100), pa.int32()),
        "plan": ["a", "b"] * 50,
    }
)
STEP = 47.123456789


def found(original: Any, column: str) -> np.ndarray[Any, Any]:
    rows = boundary_rows(original, EXAMPLES, SCHEMA, seed=1)
    assert rows is not None
    assert rows.schema.equals(EXAMPLES.schema)
    return floats(rows.column(column))


def test_both_sides_of_a_hidden_threshold_are_found_within_a_billionth() -> None:
    def original(rows: Any) -> Any:
        scaled = (floats(rows.column("x")) - 3.0) / 7.0
        return {"value": np.where(scaled <= (STEP - 3.0) / 7.0, 1.0, 2.0)}

    x = found(original, "x")
    near = x[np.abs(x - STEP) < 1e-6]
    assert (near < STEP).sum() == (near > STEP).sum() > 10
    assert np.abs(near - STEP).min() > 1e-9
    assert np.abs(near - STEP).max() < 2e-7


def test_integers_on_both_sides_are_found() -> None:
    def original(rows: Any) -> Any:
        return {"label": np.where(floats(rows.column("n")) > 41.5, "yes", "no")}

    assert {41.0, 42.0} <= set(found(original, "n"))


def test_a_smooth_original_has_no_jumps() -> None:
    def original(rows: Any) -> Any:
        return {"value": np.sin(floats(rows.column("x")) / 10) + floats(rows.column("x")) / 50}

    assert found(original, "x").size == 0


def test_refusals_on_the_way_are_passed_over() -> None:
    def original(rows: Any) -> Any:
        x = floats(rows.column("x"))
        if (np.abs(x - 60.0) < 0.01).any():
            raise ValueError("never 60")
        return {"value": np.where(x <= STEP, 1.0, 2.0)}

    x = found(original, "x")
    assert (np.abs(x - STEP) < 1e-6).any()


def test_about_a_dozen_calls_are_made() -> None:
    calls = []

    def original(rows: Any) -> Any:
        calls.append(rows.num_rows)
        return {"value": np.floor(floats(rows.column("x")))}

    found(original, "x")
    assert len(calls) <= 12


def test_no_number_columns_means_no_rows() -> None:
    schema = Schema((Column("plan", "string"),))
    assert boundary_rows(lambda _: {}, EXAMPLES.select(["plan"]), schema) is None
