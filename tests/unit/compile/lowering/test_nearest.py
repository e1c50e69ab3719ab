"""Where distances tie, the lowering finds the very neighbours that the original's search finds."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from hythe.testing.lowering import assert_same, lower

DRAW = np.random.default_rng(0)
GRID = DRAW.integers(0, 4, size=(300, 3)).astype(float)
VALUES = DRAW.normal(size=300)
BETWEEN = DRAW.integers(0, 8, size=(60, 3)) / 2
FAR = np.vstack([GRID[:20] * 1e15, [[1e300, 0, 0], [1e16, 1, 2]]])


@pytest.mark.parametrize("count", [1, 3, 10, 20])
@pytest.mark.parametrize("leaf", [3, 30])
def test_a_tree_breaks_ties_by_the_order_in_which_it_meets_points(count: int, leaf: int) -> None:
    model = KNeighborsRegressor(count, algorithm="kd_tree", leaf_size=leaf).fit(GRID, VALUES)
    assert_same(lower(model, GRID), np.vstack([GRID[:40], BETWEEN, FAR]))


@pytest.mark.parametrize("search", ["ball_tree", "brute"])
@pytest.mark.parametrize("count", [1, 3, 10, 20])
def test_ball_trees_and_brute_force_break_ties_as_they_do(search: str, count: int) -> None:
    model = KNeighborsRegressor(count, algorithm=search, leaf_size=7).fit(GRID, VALUES)
    assert_same(lower(model, GRID), np.vstack([GRID[:40], BETWEEN]))


@pytest.mark.parametrize("metric", ["manhattan", "chebyshev", "minkowski"])
def test_ties_of_other_metrics_are_broken_alike(metric: str) -> None:
    model = KNeighborsRegressor(metric=metric, p=3, algorithm="kd_tree", leaf_size=7).fit(GRID, VALUES)
    assert_same(lower(model, GRID), np.vstack([GRID[:40], BETWEEN]))


@pytest.mark.parametrize("count", [1, 5, 15])
def test_measurements_with_one_decimal_are_classified_as_the_original_does(count: int) -> None:
    rows, labels = load_iris(return_X_y=True)
    model = KNeighborsClassifier(count, leaf_size=5).fit(rows, labels)
    assert_same(lower(model, rows), np.vstack([rows, rows + 0.05, rows * 1e14]))


def test_as_many_neighbours_as_points_are_all_of_them() -> None:
    model = KNeighborsRegressor(20, algorithm="kd_tree").fit(GRID[:20], VALUES[:20])
    assert_same(lower(model, GRID), np.vstack([BETWEEN, FAR]))
