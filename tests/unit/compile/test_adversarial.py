"""Proof rows: what they contain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hythe.base.errors import Invalid
from hythe.bundle.schema import Column, Schema, Tensor
from hythe.compile.adversarial import proof_rows

SCHEMA = Schema(
    (
        Column("amount", "float64", nullable=True),
        Column("age", "int8", nullable=True),
        Column("member", "bool", nullable=True),
        Column("plan", "string", nullable=True),
        Column("size", "category", nullable=True, categories=("S", "M", "XL")),
        Column("seen", "timestamp", nullable=True),
    )
)
EXAMPLES = pa.table(
    {
        "amount": [1.5, 2.5, None, 4.5] * 8,
        "age": pa.array([20, 30, 40, 120] * 8, pa.int8()),
        "member": [True, False, True, True] * 8,
        "plan": ["gold", "silver", "gold", "été"] * 8,
        "size": ["S", "M", "S", "S"] * 8,
        "seen": pa.array([0, 10, 20, 30] * 8, pa.timestamp("us")),
    }
)


@pytest.fixture(scope="module")
def made() -> Any:
    return proof_rows(EXAMPLES, SCHEMA, seed=3)


def of_kind(made: Any, kind: str) -> list[dict[str, Any]]:
    return [row for row, name in zip(made.rows.to_pylist(), made.kinds, strict=True) if name == kind]


def ordinary(row: dict[str, Any]) -> bool:
    return all(value is not None for value in row.values())


def test_each_column_is_missing_alone_and_all_are_missing_together(made: Any) -> None:
    rows = of_kind(made, "missing")
    for name in EXAMPLES.column_names:
        assert any(row[name] is None and ordinary({**row, name: 0}) for row in rows)
    assert any(all(value is None for value in row.values()) for row in rows)


def test_a_column_that_may_not_be_missing_never_is() -> None:
    made: Any = proof_rows(EXAMPLES, SCHEMA.replacing("age", nullable=False), seed=3)
    assert made.rows.column("age").null_count == 0
    assert made.rows.column("member").null_count > 0


def test_infinities_and_numbers_beyond_float32_stand_in_float_columns_only(made: Any) -> None:
    assert {row["amount"] for row in of_kind(made, "infinite")} == {float("inf"), float("-inf")}
    assert max(abs(row["amount"]) for row in of_kind(made, "huge")) > 3.4028235e38


def test_both_zeros_and_denormals_are_tried(made: Any) -> None:
    amounts = [row["amount"] for row in of_kind(made, "tiny")]
    assert {str(value) for value in amounts if value == 0.0} == {"0.0", "-0.0"}
    assert any(0 < abs(value) < np.finfo(np.float64).tiny for value in amounts)


def test_extremes_stay_within_the_type(made: Any) -> None:
    ages = {row["age"] for row in of_kind(made, "extreme")}
    assert {19, 20, 120, 121, -128, 127, 0} <= ages
    assert {row["member"] for row in of_kind(made, "extreme")} == {True, False}


def test_every_category_is_named_once_the_declared_ones_too(made: Any) -> None:
    rows = of_kind(made, "category")
    assert {row["plan"] for row in rows} == {"gold", "silver", "été"}
    assert {row["size"] for row in rows} == {"S", "M", "XL"}


def test_unseen_strings_are_odd_or_near_misses_and_closed_categories_stay_closed(made: Any) -> None:
    rows = of_kind(made, "unseen")
    plans = {row["plan"] for row in rows}
    assert {"", " ", "GOLD", " gold", "e\u0301", "\u00e9"} <= plans
    assert max(map(len, plans)) >= 10_000
    assert {row["size"] for row in rows} <= {"S", "M", "XL"}


def test_constant_rows_hold_one_number_in_all_number_columns(made: Any) -> None:
    rows = of_kind(made, "constant")
    assert {(row["amount"], row["age"], row["member"]) for row in rows} == {(0.0, 0, False), (1.0, 1, True)}


def test_mixed_rows_take_cells_from_the_examples(made: Any) -> None:
    for name in EXAMPLES.column_names:
        assert {row[name] for row in of_kind(made, "mixed")} <= set(EXAMPLES.column(name).to_pylist())


def test_duplicates_are_equal(made: Any) -> None:
    rows = of_kind(made, "duplicate")
    assert len(rows) > 1
    assert all(row == rows[0] for row in rows)


def test_examples_with_nothing_but_missing_cells_are_no_obstacle() -> None:
    examples = pa.table({"x": pa.array([None, None], pa.float64()), "p": pa.array([None, None], pa.string())})
    schema = Schema((Column("x", "float64", nullable=True), Column("p", "string", nullable=True)))
    made: Any = proof_rows(examples, schema, {"x": np.array([1.0])})
    assert 1.0 in made.rows.column("x").to_pylist()


def test_wide_tables_get_fewer_rows() -> None:
    examples = pa.table({f"x{i}": np.arange(3.0) for i in range(2000)})
    schema = Schema(tuple(Column(name, "float64") for name in examples.column_names))
    points = {"x7": np.arange(20_000.0)}
    made: Any = proof_rows(examples, schema, points)
    assert made.rows.num_rows < 8_000_000 // 2000 + 2000


def test_no_examples_is_an_error_with_a_remedy() -> None:
    with pytest.raises(Invalid, match="pass at least one"):
        proof_rows(EXAMPLES.slice(0, 0), SCHEMA)


def test_tensors_are_zeros_ones_extremes_nan_and_noise() -> None:
    rng = np.random.default_rng(0)
    examples = {"x": rng.normal(size=(5, 2, 3)).astype(np.float32), "ids": np.arange(20).reshape(5, 4)}
    schema = Schema((Tensor("x", "float32", (2, 3)), Tensor("ids", "int64", (4,))), container="tensors")
    made: Any = proof_rows(examples, schema)
    kinds = set(made.kinds)
    assert {"example", "zeros", "ones", "least", "greatest", "nan", "one nan", "infinite", "noise"} <= kinds
    assert made.rows["x"].dtype == np.float32
    assert made.rows["x"].shape[1:] == (2, 3)
    assert np.isnan(made.rows["x"][made.kinds == "one nan"]).sum() == 1
    assert 0 <= made.rows["ids"][made.kinds == "noise"].min() <= made.rows["ids"].max() <= 19


def test_ragged_tensors_stay_ragged() -> None:
    ids = np.empty(2, dtype=object)
    ids[0], ids[1] = np.array([1, 2, 3]), np.array([4])
    made: Any = proof_rows({"ids": ids}, Schema((Tensor("ids", "int64", (-1,)),), container="tensors"))
    assert made.rows["ids"].dtype == object
    assert {len(row) for row in made.rows["ids"][made.kinds == "noise"]} == {1, 3}
