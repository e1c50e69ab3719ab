"""Which thresholds a compiled graph compares its input columns with."""

from dataclasses import replace
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


STUMP = Trees(
    roots=np.array([0]),
    left=np.array([1, -1, -1]),
    right=np.array([2, -1, -1]),
    feature=np.array([1, 0, 0]),
    threshold=np.array([0.1, 0.0, 0.0]),
)


def points_behind(step: Any) -> dict[int, list[float]]:
    graph = Graph()
    values = graph.input("numbers", np.float64, 2)
    summed = sum_leaves(step(values), STUMP, np.arange(3.0))
    found = split_points(graph.build({"value": summed}).SerializeToString())
    return {column: points.tolist() for column, points in found.items()}


def test_a_column_that_trees_see_as_it_is_has_the_threshold_itself() -> None:
    assert points_behind(lambda values: values) == {1: [0.1]}
    assert points_behind(lambda values: values.cast(np.float32).cast(np.float64)) == {1: [0.1]}


@pytest.mark.parametrize(
    ("step", "same"),
    [
        (lambda v: (v - np.array([9.0, 1234.567])) / np.array([9.0, 7.3]), lambda x: (x - 1234.567) / 7.3),
        (lambda v: v * np.array([[1.0, 0.0123]]) + 3.0, lambda x: x * 0.0123 + 3.0),
        (lambda v: v * -2.5, lambda x: x * -2.5),
        (
            lambda v: (v / np.array([3.0, 3.0])).cast(np.float32).cast(np.float64),
            lambda x: np.float64(np.float32(x / 3.0)),
        ),
    ],
    ids=["standard scaler", "min-max scaler", "negative scale", "float32 after scaling"],
)
def test_a_column_that_is_scaled_first_has_the_input_on_the_brink_of_the_threshold(
    step: Any, same: Any
) -> None:
    ((brink,),) = points_behind(step).values()
    sides = [
        same(np.float64(x)) <= 0.1 for x in (np.nextafter(brink, -np.inf), brink, np.nextafter(brink, np.inf))
    ]
    assert sides[0] == sides[1] or sides[1] == sides[2]
    assert len(set(sides)) == 2


def test_a_column_that_is_mixed_with_others_has_no_split_points() -> None:
    assert points_behind(lambda values: values @ np.eye(2)) == {}


def test_columns_beside_codes_are_found() -> None:
    graph = Graph()
    values = graph.input("numbers", np.float64, 2)
    codes = graph.input("codes", np.int64, None)
    marks = codes.columns([0, 0, 1]).equals(np.array([2, 3, 2])).cast(np.float64)
    ranks = graph.op("Gather", np.array([np.nan, 0.0, 1.0]), codes.columns([0, 1]), dtype=np.float64)
    stump = replace(STUMP, feature=np.array([6, 0, 0]))
    summed = sum_leaves(graph.concat([marks, ranks, values]), stump, np.arange(3.0))
    assert split_points(graph.build({"value": summed}).SerializeToString()) == {1: np.array([0.1])}
