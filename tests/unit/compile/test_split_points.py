"""Which thresholds a compiled graph compares its input columns with."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier

from hythe.bundle.schema import Column, Output, Schema
from hythe.compile.compiler import compile_model
from hythe.compile.graph import Graph
from hythe.compile.lowering.ensemble import Trees, sum_leaves
from hythe.compile.split_points import split_points

ROWS, SPECIES = load_iris(return_X_y=True)


def compiled(model: Any, output: str) -> bytes:
    inputs = tuple(Column(f"x{i}", "float64") for i in range(4))
    return compile_model(model, Schema(inputs, (Output(output, "float64"),), container="numpy")).graph


def test_a_forest_names_every_threshold_of_every_column() -> None:
    model = RandomForestClassifier(5, random_state=0).fit(ROWS, SPECIES)
    found = split_points(compiled(model, "probabilities"))
    for column in range(4):
        trees = [estimator.tree_ for estimator in model.estimators_]
        expected = np.unique(np.concatenate([tree.threshold[tree.feature == column] for tree in trees]))
        np.testing.assert_array_equal(found[column], expected)


def test_columns_that_were_moved_are_found_again() -> None:
    rows = ROWS.copy()
    rows[:, 0] = np.arange(len(rows)) % 4
    model = HistGradientBoostingRegressor(categorical_features=[0], max_iter=5).fit(rows, SPECIES)
    nodes = np.concatenate([tree.nodes for (tree,) in model._predictors])
    nodes = nodes[(nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0)]
    found = split_points(compiled(model, "value"))
    assert sorted(found) == sorted(set(nodes["feature_idx"].tolist()))
    for column, points in found.items():
        np.testing.assert_array_equal(
            points, np.unique(nodes["num_threshold"][nodes["feature_idx"] == column])
        )


@pytest.mark.parametrize("scaled", [True, False])
def test_a_column_that_is_scaled_first_has_no_split_points(scaled: Any) -> None:
    graph = Graph()
    values = graph.input("numbers", np.float64, 2)
    stump = Trees(
        roots=np.array([0]),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        feature=np.array([1, 0, 0]),
        threshold=np.array([0.25, 0.0, 0.0]),
    )
    summed = sum_leaves(values * 2.0 if scaled else values, stump, np.arange(3.0))
    found = split_points(graph.build({"value": summed}).SerializeToString())
    assert {column: points.tolist() for column, points in found.items()} == ({} if scaled else {1: [0.25]})
