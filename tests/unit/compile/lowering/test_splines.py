"""B-splines, inside their knots, on them and beyond."""

from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import SplineTransformer

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, lower

ROWS = np.random.default_rng(0).normal(size=(60, 2))
KNOTS = np.linspace(ROWS.min(axis=0), ROWS.max(axis=0), 5)
CLOSE = np.vstack([KNOTS, np.nextafter(KNOTS, np.inf), np.nextafter(KNOTS, -np.inf)])
ODD = np.array([[np.nan, 1.0], [np.inf, 0.0], [0.0, 0.0], [5.0, -5.0], [100.0, -70.0]])
MODES = ["constant", "linear", "continue", "periodic", "error"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"degree": 2, "knots": "quantile", "n_knots": 7},
        {"include_bias": False, "sparse_output": True},
        {"degree": 4, "n_knots": 8},
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", MODES)
def test_splines_are_the_originals(mode: str, settings: dict[str, Any]) -> None:
    model = SplineTransformer(extrapolation=mode, **settings).fit(ROWS)
    assert_alike(lower(model, ROWS), np.vstack([ROWS[:4], CLOSE, ODD]))


@pytest.mark.parametrize("mode", ["constant", "continue", "periodic", "error"])
def test_splines_may_be_straight(mode: str) -> None:
    model = SplineTransformer(degree=1, extrapolation=mode).fit(ROWS)
    assert_alike(lower(model, ROWS), np.vstack([ROWS[:4], CLOSE, ODD]))


@pytest.mark.parametrize("mode", MODES)
def test_missing_values_may_be_rows_of_zeros(mode: str) -> None:
    rows = np.where(np.random.default_rng(1).random(ROWS.shape) < 0.2, np.nan, ROWS)
    model = SplineTransformer(extrapolation=mode, handle_missing="zeros").fit(rows)
    assert_alike(lower(model, rows), np.vstack([rows[:10], ODD[2:4]]))


@pytest.mark.parametrize("mode", ["constant", "linear", "continue", "error"])
def test_a_constant_column_has_splines_too(mode: str) -> None:
    rows = np.column_stack([ROWS[:, 0], np.ones(len(ROWS))])
    model = SplineTransformer(extrapolation=mode).fit(rows)
    assert_alike(lower(model, rows), np.vstack([rows[:3], [[0.0, 2.0], [0.0, -2.0]]]))


def test_what_goes_by_another_columns_degree_is_not_lowered() -> None:
    model = SplineTransformer(degree=1, extrapolation="linear").fit(ROWS)
    with pytest.raises(CannotLower, match="another column's degree"):
        lower(model, ROWS)
