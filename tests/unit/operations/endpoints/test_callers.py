"""What breaks the callers of an endpoint is told from what does not."""

import pytest

from hythe.bundle.schema import Column, Output, Schema, Tensor
from hythe.operations.endpoints.callers import breaks

AGE = Column("age", "int32", minimum=0, maximum=120)
ZONED, NAIVE = Column("at", "timestamp", zone="UTC"), Column("at", "timestamp")
CLOSED = Column("plan", "category", categories=("gold", "tin"))
LABEL = Output("label", "str")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AGE, AGE),
        (AGE, Column("age", "int64")),
        (AGE, Column("age", "float32")),
        (AGE, Column("age", "int32", nullable=True, minimum=0, maximum=120)),
        (Column("age", "float64"), Column("age", "float32")),
        (CLOSED, Column("plan", "category", categories=("tin", "gold", "iron"))),
        (CLOSED, Column("plan", "string")),
        (Column("code", "category", categories=(1, 2)), Column("code", "int8")),
        (Column("at", "timestamp", zone="UTC"), Column("at", "timestamp", zone="Europe/Paris")),
        (Tensor("image", "uint8", (28, 28)), Tensor("image", "uint8", (-1, 28))),
    ],
    ids=range(10),
)
def test_an_input_that_takes_as_much_breaks_nobody(before: Column | Tensor, after: Column | Tensor) -> None:
    assert breaks(Schema((before,)), Schema((after,))) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (AGE, Column("age", "int32", minimum=18), "0 to 120 and is now an integer from 18"),
        (AGE, Column("age", "int32", maximum=99), "to 99"),
        (AGE, Column("age", "string"), "is now a string"),
        (Column("age", "float64"), Column("age", "int64"), "was a number and is now an integer"),
        (Column("age", "int64"), Column("age", "int8"), "from -128 to 127"),
        (Column("age", "bool"), Column("age", "int8"), "was true or false"),
        (Column("age", "int8", nullable=True), Column("age", "int8"), "127, or null and is now an integer"),
        (CLOSED, Column("plan", "category", categories=("gold",)), 'is now one of "gold"'),
        (Column("plan", "string"), CLOSED, 'was a string and is now one of "gold", "tin"'),
        (Column("code", "category", categories=(1, 200)), Column("code", "int8"), "one of 1, 200"),
        (ZONED, NAIVE, "without a time zone"),
        (
            Tensor("image", "uint8", (-1, 28)),
            Tensor("image", "uint8", (28, 28)),
            "uint8[-1, 28] and is now a tensor",
        ),
        (Tensor("image", "uint8", (28,)), Tensor("image", "float32", (28,)), "float32[28]"),
        (Tensor("age", "uint8", ()), AGE, "was a tensor uint8[]"),
    ],
    ids=range(14),
)
def test_an_input_that_takes_less_is_said_with_both_forms(
    before: Column | Tensor, after: Column | Tensor, said: str
) -> None:
    [sentence] = breaks(Schema((before,)), Schema((after,)))
    assert said in sentence


def test_inputs_come_and_go() -> None:
    old = Schema((AGE, CLOSED))
    assert breaks(old, Schema((CLOSED,))) == ["it refuses 'age', which callers send"]
    assert breaks(Schema((CLOSED,)), old) == [
        "it needs 'age' (an integer from 0 to 120), which callers do not send"
    ]
    assert breaks(Schema((CLOSED,)), Schema((CLOSED, Column("age", "int8", nullable=True)))) == []


def test_answers_may_be_more_and_not_others() -> None:
    scores = Output("probabilities", "float64", (2,), ("no", "yes"))
    old = Schema((AGE,), (LABEL, scores))
    assert breaks(Schema((AGE,), (LABEL,)), old) == []
    assert breaks(old, Schema((AGE,), (LABEL,))) == ["it does not answer 'probabilities'"]
    narrow = Output("probabilities", "float32", (2,), ("no", "yes"))
    assert breaks(old, Schema((AGE,), (LABEL, narrow))) == []
    three = Output("probabilities", "float64", (3,), ("maybe", "no", "yes"))
    assert breaks(old, Schema((AGE,), (LABEL, three))) == [
        "answer 'probabilities' was float64[2] of no, yes and is now float64[3] of maybe, no, yes"
    ]
    [number] = breaks(old, Schema((AGE,), (Output("label", "int64"), scores)))
    assert number == "answer 'label' was str and is now int64"
