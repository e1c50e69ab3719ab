"""Imputers that fill by neighbours and by regressions."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - makes IterativeImputer importable
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.linear_model import Ridge

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, lower

RANDOM = np.random.default_rng(0)
FULL = RANDOM.normal(size=(50, 4))
HOLES = np.where(RANDOM.random(FULL.shape) < 0.2, np.nan, FULL)
HOLES[0] = np.nan
EMPTY = np.where(np.arange(4) == 2, np.nan, HOLES)
ODD = np.array([[1.0, np.inf, 2.0, 3.0], [np.nan, 1.0, np.nan, 1e6], [0.0] * 4])
ROWS = np.vstack([HOLES[:12], FULL[:2], ODD])

pytestmark = pytest.mark.filterwarnings("ignore:.*Early stopping", "ignore:Skipping features without")


@pytest.mark.parametrize(
    "settings", [{}, {"weights": "distance"}, {"n_neighbors": 2, "add_indicator": True}], ids=str
)
def test_neighbours_fill_what_is_missing(settings: dict[str, Any]) -> None:
    assert_alike(lower(KNNImputer(**settings).fit(HOLES), HOLES), ROWS)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_iter": 2},
        {"add_indicator": True, "max_iter": 3},
        {"estimator": Ridge(), "max_iter": 2},
        {"estimator": RandomForestRegressor(3, random_state=0), "max_iter": 2},
        {
            "min_value": -1,
            "max_value": 1,
            "imputation_order": "random",
            "n_nearest_features": 2,
            "max_iter": 2,
        },
        {"max_iter": 0},
    ],
    ids=str,
)
def test_regressions_fill_what_is_missing(settings: dict[str, Any]) -> None:
    assert_alike(lower(IterativeImputer(random_state=0, **settings).fit(HOLES), HOLES), ROWS)


@pytest.mark.parametrize("keep", [False, True], ids=["dropped", "kept"])
@pytest.mark.parametrize(
    "imputer", [KNNImputer(), IterativeImputer(random_state=0, max_iter=2)], ids=["neighbours", "regressions"]
)
def test_columns_without_any_value_are_kept_or_dropped(imputer: Any, keep: bool) -> None:
    model = imputer.set_params(keep_empty_features=keep).fit(EMPTY)
    assert_alike(lower(model, EMPTY), ROWS)


@pytest.mark.parametrize(
    "imputer",
    [KNNImputer(missing_values=-9.0), IterativeImputer(missing_values=-9, max_iter=2)],
    ids=["neighbours", "regressions"],
)
def test_a_number_may_mean_missing(imputer: Any) -> None:
    rows = np.where(np.isnan(HOLES), -9.0, HOLES)
    assert_alike(lower(imputer.fit(rows), rows), np.vstack([rows[:8], ODD]))


def test_fillings_drawn_at_random_are_not_lowered() -> None:
    with pytest.raises(CannotLower, match="sample_posterior"):
        lower(IterativeImputer(sample_posterior=True, max_iter=1).fit(HOLES), HOLES)
