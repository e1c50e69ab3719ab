"""Answers compared all at once say what comparing cell by cell says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hythe.bundle.baseline import compute
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Output, Schema
from hythe.monitor.comparison import Comparison, widths

LABEL = Output("label", "str")
SCORES = Output("probabilities", "float64", (3,), ("a", "b", "c"))
VALUE = Output("value", "float64")
NAN, INF = math.nan, math.inf


def gap_of(one: float, other: float) -> float:
    """Say how far two numbers are apart, by the words of the page: NaN is like NaN and unlike all else."""
    if one == other or (math.isnan(one) and math.isnan(other)):
        return 0.0
    return INF if math.isnan(one) or math.isnan(other) else abs(one - other)


def by_hand(
    champion: dict[str, Any], shadow: dict[str, Any], margin: float
) -> list[tuple[bool, bool, float]]:
    """Compare labels and probabilities row by row, in plain Python."""
    found = []
    for row in range(len(champion["label"])):
        pairs = zip(
            champion["probabilities"][row].tolist(), shadow["probabilities"][row].tolist(), strict=True
        )
        gap = max(gap_of(one, other) for one, other in pairs)
        found.append((champion["label"][row] != shadow["label"][row], gap > margin, min(gap, 1.0)))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_all_rows_at_once_differ_as_they_do_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 40))

    def answers() -> dict[str, Any]:
        scores = rng.choice(
            [0.0, 0.2, 0.205, 0.3, 1.0, NAN, INF], (rows, 3), p=[0.3, 0.3, 0.2, 0.1, 0.06, 0.02, 0.02]
        )
        return {"label": rng.choice(np.array(["a", "b"], dtype=object), rows), "probabilities": scores}

    champion, shadow = answers(), answers()
    found = Comparison([LABEL, SCORES], [LABEL, SCORES], 0.01)(champion, shadow)
    expected = by_hand(champion, shadow, 0.01)
    assert list(zip(found.changed, found.moved, found.gap, strict=True)) == expected


def test_a_score_at_the_margin_has_not_moved_and_one_beyond_has() -> None:
    scores = np.zeros((2, 3))
    moved = scores.copy()
    moved[0, 1], moved[1, 1] = 0.25, np.nextafter(0.25, 1)
    label = np.array(["a", "a"], dtype=object)
    found = Comparison([LABEL, SCORES], [LABEL, SCORES], 0.25)(
        {"label": label, "probabilities": scores}, {"label": label, "probabilities": moved}
    )
    assert found.moved.tolist() == [False, True]


def test_a_number_without_classes_moves_by_its_share_of_what_the_champion_gave() -> None:
    champion, shadow = np.array([100.0, 100.0, -50.0, 0.0, 0.0]), np.array([100.9, 101.1, -50.6, 0.0, 1e-9])
    found = Comparison([VALUE], [VALUE], 0.01)({"value": champion}, {"value": shadow})
    assert found.moved.tolist() == [False, True, True, False, True]
    assert not found.changed.any()


def test_with_the_width_of_an_output_it_moves_by_its_share_of_that() -> None:
    champion, shadow = np.array([0.0, 0.0]), np.array([1.9, 2.1])
    found = Comparison([VALUE], [VALUE], 0.01, {"value": 200.0})({"value": champion}, {"value": shadow})
    assert found.moved.tolist() == [False, True]
    assert found.gap == pytest.approx([1.9 / 200, 2.1 / 200])


def test_classes_are_matched_by_name_and_unknown_ones_score_nothing() -> None:
    other = Output("probabilities", "float64", (3,), ("b", "a", "d"))
    champion = np.array([[0.7, 0.3, 0.0], [0.6, 0.3, 0.1]])
    shadow = np.array([[0.3, 0.7, 0.0], [0.3, 0.6, 0.1]])
    found = Comparison([SCORES], [other], 0.01)({"probabilities": champion}, {"probabilities": shadow})
    assert found.moved.tolist() == [False, True]
    assert found.gap == pytest.approx([0.0, 0.1])


def test_without_labels_the_class_with_the_highest_score_is_the_label() -> None:
    champion, shadow = (
        np.array([[0.5, 0.3, 0.2], [0.4, 0.3, 0.3]]),
        np.array([[0.4, 0.4, 0.2], [0.3, 0.4, 0.3]]),
    )
    compare = Comparison([SCORES], [SCORES], 0.01)
    found = compare({"probabilities": champion}, {"probabilities": shadow})
    assert compare.labelled
    assert found.changed.tolist() == [False, True]
    assert not Comparison([VALUE], [VALUE], 0.01).labelled


def test_an_output_that_only_one_has_differs_in_every_row() -> None:
    label = np.array(["a", "b"], dtype=object)
    found = Comparison([LABEL], [LABEL, VALUE], 0.01)(
        {"label": label}, {"label": label, "value": np.zeros(2)}
    )
    assert found.changed.all()


def test_tensors_differ_where_any_cell_does_and_everywhere_in_another_shape() -> None:
    wide = Output("embedding", "float32", (-1,))
    compare = Comparison([wide], [wide], 0.5)
    one = np.ones((2, 4), dtype=np.float32)
    other = one.copy()
    other[1, 3] = 9
    assert compare({"embedding": one}, {"embedding": other}).moved.tolist() == [False, True]
    assert compare({"embedding": one}, {"embedding": one[:, :3]}).moved.all()


def test_a_changed_label_is_worse_than_any_score_that_moved() -> None:
    champion = {
        "label": np.array(["a", "a"], dtype=object),
        "probabilities": np.array([[1.0, 0, 0], [0.51, 0.49, 0]]),
    }
    shadow = {
        "label": np.array(["a", "b"], dtype=object),
        "probabilities": np.array([[0.4, 0.3, 0.3], [0.49, 0.51, 0]]),
    }
    size = Comparison([LABEL, SCORES], [LABEL, SCORES], 0.01)(champion, shadow).size
    assert size == pytest.approx([0.6, 1.02])


def test_the_width_of_an_output_is_that_of_the_reference_answers() -> None:
    rng = np.random.default_rng(0)
    table = pa.table({"x": rng.normal(size=50)})
    pair = Output("pair", "float64", (2,))
    answers = {
        "value": np.linspace(-3.0, 7.0, 50),
        "pair": np.stack([np.linspace(0.0, 1.0, 50), np.linspace(5.0, 9.0, 50)], axis=1),
        "label": rng.choice(np.array(["a", "b"], dtype=object), 50),
        "probabilities": rng.random((50, 3)),
    }
    outputs = (VALUE, pair, LABEL, SCORES)
    found = compute(table, Schema((Column("x", "float64"),), outputs), Outcome.answered(answers))
    assert widths(outputs, found) == {"value": 10.0, "pair": 4.0}
    assert widths(outputs, None) == {}
