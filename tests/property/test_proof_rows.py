"""Laws of proof rows: thresholds are hit, the same seed makes the same rows, types stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hythe.bundle.rows import count
from hythe.bundle.schema import Column, Schema
from hythe.compile.adversarial import proof_rows

ordinary = st.floats(-1e6, 1e6, allow_nan=False)
thresholds = st.lists(ordinary, min_size=1, max_size=40)
SCHEMA = Schema(
    (Column("a", "float64"), Column("b", "float64"), Column("n", "int16"), Column("s", "float32"))
)


def table(values: list[float]) -> pa.Table:
    return pa.table(
        {
            "a": values,
            "b": [-value for value in values],
            "n": pa.array([int(value) % 100 for value in values], pa.int16()),
            "s": pa.array(values, pa.float32()),
        }
    )


def tried(column: str, rows: pa.Table) -> set[float]:
    return set(rows.column(column).to_pylist())


@settings(max_examples=40, deadline=None)
@given(st.lists(ordinary, min_size=1, max_size=20), thresholds, thresholds)
def test_every_threshold_and_its_neighbours_stand_in_their_column(
    values: Any, first: Any, second: Any
) -> None:
    split_points = {"a": np.array(first), "b": np.array(second)}
    made: Any = proof_rows(table(values), SCHEMA, split_points, seed=1)
    for name, points in (("a", first), ("b", second)):
        wanted = {
            float(neighbour)
            for t in points
            for neighbour in (t, np.nextafter(t, -np.inf), np.nextafter(t, np.inf))
        }
        assert wanted <= tried(name, made.rows)
    assert all(covered.tried == covered.total for covered in made.coverage)


@settings(max_examples=40, deadline=None)
@given(st.lists(ordinary, min_size=1, max_size=20), thresholds)
def test_both_sides_of_every_threshold_stand_in_narrow_columns(values: Any, points: Any) -> None:
    made: Any = proof_rows(table(values), SCHEMA, {"n": np.array(points), "s": np.array(points)}, seed=1)
    singles = np.array(sorted(tried("s", made.rows) - {None}))
    integers = tried("n", made.rows)
    for t in points:
        below = singles[singles <= t].max()
        above = singles[singles > t].min()
        assert np.nextafter(np.float32(below), np.float32(np.inf)) == np.float32(above)
        if -(2**15) <= t < 2**15 - 1:
            assert {int(np.floor(t)), int(np.floor(t)) + 1} <= integers


@settings(max_examples=15, deadline=None)
@given(st.lists(ordinary, min_size=1, max_size=20), st.integers(0, 2**32))
def test_one_seed_makes_one_set_of_rows(values: Any, seed: Any) -> None:
    points = {"a": np.array(values)}
    both: list[Any] = [proof_rows(table(values), SCHEMA, points, seed=seed) for _ in range(2)]
    first, second = both
    assert first.rows.equals(second.rows) or str(first.rows.to_pylist()) == str(second.rows.to_pylist())
    assert first.kinds.tolist() == second.kinds.tolist()


@settings(max_examples=15, deadline=None)
@given(st.lists(ordinary, min_size=1, max_size=20), st.integers(200, 3000))
def test_the_budget_holds_and_the_types_stay(values: Any, budget: Any) -> None:
    examples = table(values)
    points = {"a": np.arange(5000.0), "b": np.arange(100.0)}
    made: Any = proof_rows(examples, SCHEMA, points, seed=0, budget=budget)
    assert made.rows.schema.equals(examples.schema)
    assert count(made.rows) == made.kinds.size
    specials = np.isin(made.kinds, ["example", "mixed", "duplicate", "threshold"], invert=True).sum()
    assert count(made.rows) <= budget + specials + 64
    on = made.coverage[0]
    assert on.what == "thresholds"
    assert on.total == 5100
    assert on.tried < on.total
