"""What is told is checked, all of it before any is taken."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.base.errors import Invalid
from hythe.bundle.schema import Output
from hythe.monitor.outcomes.expected import Expected
from hythe.monitor.outcomes.feedback import Item, Telling

ID = "017f22e2-79b0-7000-8000-000000000000"
CLASSIFIER = [Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes"))]


def told(*items: Item, outputs: list[Output] | None = None) -> list[tuple[str, int, str, str]]:
    telling = Telling([Expected.of(outputs or CLASSIFIER)])
    telling.add(items)
    return [(each.id, each.row, each.part, each.value) for each in telling.told]


def test_an_item_tells_its_outcome_and_its_values_apart() -> None:
    item = Item(ID, 2, "yes", {"revenue": 12.5, "returned": True, "visits": None})
    assert told(item) == [
        (ID, 2, "outcome", '"yes"'),
        (ID, 2, "value:revenue", "12.5"),
        (ID, 2, "value:returned", "1.0"),
    ]


def test_the_row_stands_beside_the_id_or_behind_it() -> None:
    for item in (Item(ID, 3, "no"), Item(f"{ID}:3", None, "no"), Item(f"{ID.upper()}:3", 3, "no")):
        assert told(item) == [(ID, 3, "outcome", '"no"')]
    assert told(Item(ID, None, "no"))[0][1] == 0


def test_what_is_told_twice_counts_as_the_last_says() -> None:
    assert told(Item(ID, 0, "no"), Item(ID, 0, "yes")) == [(ID, 0, "outcome", '"yes"')]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (Item("x", 0, "yes"), r"prediction_id is 'x'; give the id that came with the answer"),
        (Item(f"{ID[:-1]}", 0, "yes"), "prediction_id is"),
        (Item(ID.replace("-7000", "-4000"), 0, "yes"), "prediction_id is"),
        (Item(f"{ID}:2", 3, "yes"), r"and row 3; give one row"),
        (Item(f"{ID}:x", None, "yes"), "row is -1; give the row's place"),
        (Item(f"{ID}:{'9' * 5000}", None, "yes"), "row is -1"),
        (Item(ID, -1, "yes"), "row is -1; give the row's place in its request, from 0"),
        (Item(ID, 2**31, "yes"), "row is 2147483648"),
        (Item(ID, 0, "maybe"), "outcome is 'maybe', a label that the model does not know; labels: 'no', 'y"),
        (Item(ID, 0, 1), "outcome is 1; give text, as the model answers"),
        (Item(ID), "it tells nothing; give an 'outcome', or 'values'"),
        (Item(ID, 0, None, {}), "it tells nothing"),
        (Item(ID, 0, None, {"revenue": "much"}), "value 'revenue' is 'much'; give a finite number"),
        (Item(ID, 0, None, {"revenue": float("nan")}), "value 'revenue' is nan; give a finite number"),
        (Item(ID, 0, None, {"": 1.0}), "a value is named ''; give a name of 1 to 64 printable"),
        (Item(ID, 0, None, {"x" * 65: 1.0}), "give a name of 1 to 64 printable"),
        (Item(ID, 0, None, {"a\0b": 1.0}), "give a name of 1 to 64 printable"),
        (Item(f"{ID}:1", [1], "yes"), r"and row \[1\]; give one row"),  # type: ignore[arg-type]
        (Item(ID, [1], "yes"), r"row is \[1\]; give the row's place"),  # type: ignore[arg-type]
        (Item(ID, 0, None, {str(n): 1 for n in range(33)}), "it has 33 values; give 32 at most"),
    ],
)  # fmt: skip
def test_a_wrong_item_is_refused_by_its_place_and_with_a_remedy(item: Item, said: str) -> None:
    telling = Telling([Expected.of(CLASSIFIER)])
    with pytest.raises(Invalid, match=rf"^feedback\[1\]: .*{said}"):
        telling.add([Item(ID, 0, "yes"), item])


@pytest.mark.parametrize(
    ("output", "right", "wrong"),
    [
        (Output("label", "int64"), [1, -1, 2.0], ["1", 1.5, True, None, [1]]),
        (Output("label", "bool"), [True, False], [1, "true", 0.0]),
        (Output("label", "str"), ["", "red"], [1, False]),
        (Output("value", "float32"), [1, -2.5], ["1", True, float("inf"), float("nan"), 10**400]),
        (Output("value", "float64", (2,)), [[1.0, 2]], [1.0, [1.0], [1.0, "2"], [1.0, float("nan")]]),
        (Output("value", "float64", (-1,)), [[1.0], [1.0, 2.0]], [1.0, ["1"]]),
        (Output("scores", "float32", (2,), (0, 1)), [0, 1.0], [2, "0", [0, 1]]),
        (Output("anything", "object"), ["red", 1, True], [[1], float("inf")]),
    ],
    ids=lambda value: value.name + value.dtype + str(value.shape) if isinstance(value, Output) else None,
)
def test_an_outcome_is_what_the_model_answers(output: Output, right: list[Any], wrong: list[Any]) -> None:
    expected = Expected.of([output])
    for outcome in right:
        assert expected.check(outcome) == outcome
    for outcome in wrong:
        with pytest.raises(Invalid, match=r"outcome is .*; (give|labels:) "):
            expected.check(outcome)


def test_an_outcome_that_one_of_the_versions_knows_is_taken() -> None:
    newer = Expected("text", None, ("no", "yes", "later"))
    telling = Telling([Expected.of(CLASSIFIER), newer])
    telling.add([Item(ID, 0, "later")])
    with pytest.raises(Invalid, match=r"labels: 'no', 'yes'$"):
        telling.add([Item(ID, 0, "never")])


def test_many_labels_are_not_all_named() -> None:
    with pytest.raises(Invalid, match=r"labels: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …$"):
        Expected("whole", None, tuple(range(1000))).check(1000)
