from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from hythe.bundle.conform import conform
from hythe.bundle.schema import Column, ColumnType, Schema
from hythe.bundle.synthesise import synthesise


def made(values: pa.Array, column: Column, seed: int = 0) -> list[object]:
    schema = Schema((column, Column("other", "int64")))
    rows = pa.table({column.name: values, "other": np.arange(len(values))})
    fresh = synthesise(rows, schema, seed)
    assert isinstance(fresh, pa.Table)
    assert conform(fresh, schema) is not None
    assert fresh["other"].to_pylist() == list(range(len(values)))
    values_made: list[object] = fresh[column.name].to_pylist()
    return values_made


def column(kind: ColumnType, **more: object) -> Column:
    return Column("secret", kind, sensitive=True, nullable=True, **more)  # type: ignore[arg-type]


def test_texts_keep_their_pattern_and_are_none_of_the_real_ones() -> None:
    real = [f"{n:03d}-Ab {n}" for n in range(100)]
    fresh = made(pa.array(real), column("string"))
    assert not set(fresh) & set(real)
    assert all(re.fullmatch(r"\d{3}-[A-Z][a-z] \d+", str(text)) for text in fresh)


def test_numbers_stay_in_range_and_are_none_of_the_real_ones() -> None:
    real = np.random.default_rng(1).normal(40, 5, 200)
    fresh = np.array(made(pa.array(real), column("float64")))
    assert not set(fresh) & set(real)
    assert real.min() <= fresh.min()
    assert fresh.max() <= real.max()


def test_integers_that_fill_their_range_are_drawn_from_beyond_it() -> None:
    real = list(range(18, 66))
    fresh = made(pa.array(real), column("int64"))
    assert not set(fresh) & set(real)
    assert all(isinstance(n, int) and 0 <= n < 200 for n in fresh)


def test_declared_limits_are_kept_even_when_no_other_value_is_left() -> None:
    fresh = made(pa.array([0, 1, 1], pa.int8()), column("int8", minimum=0, maximum=1))
    assert set(fresh) <= {0, 1}


def test_missing_values_nan_and_infinities_stay_in_place() -> None:
    values = pa.array([1.5, None, float("inf"), float("nan")], from_pandas=False)
    fresh = made(values, column("float64", null="none"))
    assert fresh[1] is None
    assert fresh[2] == float("inf")
    assert np.isnan(fresh[3])  # type: ignore[call-overload]
    assert fresh[0] != 1.5


def test_categories_booleans_and_timestamps_keep_their_types() -> None:
    assert set(made(pa.array(["x"] * 50), column("category", categories=("x", "y")))) == {"x", "y"}
    assert set(made(pa.array([True] * 50), column("bool"))) == {True, False}
    moments = pa.array([1_700_000_000_000_000_000, 1_700_000_000_000_001_000], pa.timestamp("ns"))
    assert not set(made(moments, column("timestamp", unit="ns"))) & set(moments.to_pylist())


def test_extremes_do_not_overflow() -> None:
    big = float(np.finfo(np.float64).max)
    assert np.isfinite(made(pa.array([-big, big]), column("float64"))).all()  # type: ignore[arg-type]
    made(pa.array([-128, 127], pa.int8()), column("int8"))


def test_the_same_seed_gives_the_same_values_and_another_seed_others() -> None:
    values = pa.array(["anna", "bert"])
    assert made(values, column("string")) == made(values, column("string"))
    assert made(values, column("string")) != made(values, column("string"), seed=1)


def test_columns_that_are_not_sensitive_and_tensors_pass() -> None:
    rows = pa.table({"x": [1]})
    assert synthesise(rows, Schema((Column("x", "int64"),)), 0) is rows
    tensors = {"x": np.zeros((1, 2))}
    assert synthesise(tensors, Schema(()), 0) is tensors
