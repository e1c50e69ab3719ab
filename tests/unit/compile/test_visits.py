"""Visits are real: scikit-learn's own decision paths say the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from hythe.bundle.frames import to_rows
from hythe.compile.compiler import compile_model
from hythe.compile.threshold_rows import reached_rows
from hythe.compile.visits import Visits, placed, visits
from hythe.testing.lowering import lower

RNG = np.random.default_rng(3)
NUMBERS = RNG.normal(size=(300, 4))
FRAME = pd.DataFrame(NUMBERS, columns=list("abcd"))
MODEL = RandomForestClassifier(5, random_state=0).fit(FRAME, (NUMBERS[:, 0] * NUMBERS[:, 1] > 0).astype(int))


@pytest.fixture(scope="module")
def graph() -> bytes:
    return compile_model(MODEL, lower(MODEL, FRAME).schema).graph


@pytest.fixture(scope="module")
def found(graph: bytes) -> Visits:
    return visits(graph, NUMBERS, np.random.default_rng(0))


def walked() -> dict[tuple[int, float], list[list[int]]]:
    """Ask scikit-learn which rows pass each node with a column and a threshold."""
    passing: dict[tuple[int, float], list[list[int]]] = {}
    for estimator in MODEL.estimators_:
        tree = estimator.tree_
        path = estimator.decision_path(NUMBERS.astype(np.float32)).tocsc()
        for node in np.flatnonzero(tree.feature >= 0):
            rows = path.indices[path.indptr[node] : path.indptr[node + 1]].tolist()
            passing.setdefault((int(tree.feature[node]), float(tree.threshold[node])), []).append(rows)
    return passing


def test_each_visited_threshold_is_visited_by_a_row_that_passes_its_node(found: Visits) -> None:
    passing = walked()
    for row, column, threshold in zip(found.row, found.column, found.threshold, strict=True):
        assert any(row in rows for rows in passing[int(column), float(threshold)])
    assert {(int(c), float(t)) for c, t in zip(found.column, found.threshold, strict=True)} == set(passing)


def test_the_visitor_is_the_nearest_of_those_that_pass(found: Visits) -> None:
    passing = walked()
    singles = NUMBERS.astype(np.float32).astype(np.float64)
    for column, threshold, distance in zip(found.column, found.threshold, found.distance, strict=True):
        nodes = passing[int(column), float(threshold)]
        assert distance in [np.abs(singles[rows, column] - threshold).min() for rows in nodes]


def test_each_visited_threshold_is_placed_once_into_a_row_of_its_visitor(found: Visits) -> None:
    bases, rows = placed(found, NUMBERS, np.random.default_rng(0), room=10_000)
    changed = rows != NUMBERS[bases]
    assert changed.sum() == found.row.size
    for row, column, threshold in zip(found.row, found.column, found.threshold, strict=True):
        assert (rows[bases == row, column] == threshold).sum() == 1


def test_room_bounds_the_rows(found: Visits) -> None:
    bases, rows = placed(found, NUMBERS, np.random.default_rng(0), room=20)
    assert len(bases) == len(rows) == 20


def test_reached_rows_hold_thresholds_and_then_the_values_above(graph: bytes) -> None:
    schema = lower(MODEL, FRAME).schema
    table = reached_rows(graph, list("abcd"), to_rows(FRAME), schema, seed=0, room=10_000)
    half = table.num_rows // 2
    points = {threshold for column, threshold in walked() if column == 0}
    on, above = (part.column("a").to_numpy() for part in (table.slice(0, half), table.slice(half)))
    assert points <= set(on)
    moved = np.isin(on, list(points))
    assert (above[moved] > on[moved]).all()
    assert np.allclose(above[moved], on[moved], rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(above[~moved], on[~moved])


def test_more_trees_are_walked_by_fewer_rows(graph: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hythe.compile.visits.MOST_STEPS", 50)
    assert np.unique(visits(graph, NUMBERS, np.random.default_rng(0)).row).size <= 10
