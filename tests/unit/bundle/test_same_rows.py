"""Whether a version reads every row that another reads, and what it says where not."""

from __future__ import annotations

import pytest

from hythe.bundle.same_rows import unread
from hythe.bundle.schema import Column, Schema, Tensor

AGE, KIND = Column("age", "int64", minimum=0, maximum=99), Column("kind", "category", categories=("a", "b"))


def schema(*inputs: Column | Tensor) -> Schema:
    return Schema(inputs)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (schema(KIND, AGE), ""),
        (schema(Column("age", "int64", nullable=True), KIND), ""),
        (schema(AGE, Column("kind", "category", categories=("c", "b", "a"))), ""),
        (schema(AGE), "column 'kind' is not among the inputs there"),
        (schema(AGE, KIND, Column("more", "bool")), "there is a column 'more' beside"),
        (schema(Column("age", "float64"), KIND), "column 'age' has type 'float64' there, not 'int64'"),
        (
            schema(Column("age", "int64", minimum=1, maximum=99), KIND),
            "column 'age' has minimum 1 there, not 0",
        ),
        (
            schema(Column("age", "int64", minimum=0, maximum=98), KIND),
            "column 'age' has maximum 98 there, not 99",
        ),
        (
            schema(AGE, Column("kind", "category", categories=("a",))),
            "column 'kind' has categories ('a',) there, not ('a', 'b')",
        ),
    ],
)
def test_what_is_not_read_is_named(other: Schema, says: str) -> None:
    assert unread(schema(AGE, KIND), other) == says


def test_a_missing_value_is_not_read_where_none_may_be() -> None:
    assert unread(schema(Column("age", "int8", nullable=True)), schema(Column("age", "int8"))) == (
        "column 'age' has nullable False there, not True"
    )


def test_categories_of_another_type_are_others() -> None:
    numbers = schema(Column("kind", "category", categories=(0, 1)))
    truths = schema(Column("kind", "category", categories=(False, True)))
    assert "categories" in unread(numbers, truths)


def test_a_tensor_of_any_length_reads_one_of_a_certain_length_and_not_the_other_way_round() -> None:
    fixed, free = schema(Tensor("x", "float32", (8,))), schema(Tensor("x", "float32", (-1,)))
    assert unread(fixed, free) == ""
    assert unread(free, fixed) == "tensor 'x' is float32[8] there, not float32[-1]"
    assert unread(fixed, schema(Tensor("x", "int64", (8,)))) == "tensor 'x' is int64[8] there, not float32[8]"
    assert unread(fixed, schema(Column("x", "float64"))) == "tensor 'x' is a column there"
