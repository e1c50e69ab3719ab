"""Products of columns."""

from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from hythe.testing.lowering import assert_alike, lower

ROWS = np.random.default_rng(0).normal(size=(20, 3))
ODD = np.array([[np.nan, 1.0, 2.0], [np.inf, 0.0, 1.0], [0.0, 0.0, 0.0], [1e3, -1e-3, 7.0]])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"degree": 3},
        {"degree": 4, "interaction_only": True},
        {"degree": 5, "include_bias": False},
        {"degree": (2, 3)},
        {"degree": (0, 2)},
        {"degree": (2, 2), "include_bias": False},
        {"degree": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["double", "single"])
def test_products_are_the_originals_to_the_last_bit(settings: dict[str, Any], dtype: Any) -> None:
    rows = ROWS.astype(dtype)
    model = PolynomialFeatures(**settings).fit(rows)
    assert_alike(lower(model, rows), np.vstack([rows[:5], ODD.astype(dtype)]), relative=0.0, absolute=0.0)


@pytest.mark.parametrize("degree", [2, 3, 4])
def test_sparse_columns_are_multiplied_in_their_own_order(degree: int) -> None:
    rows = np.random.default_rng(1).integers(0, 3, size=(30, 3)).astype(np.float64)
    steps = (OneHotEncoder(), StandardScaler(with_mean=False), PolynomialFeatures(degree))
    assert_alike(lower(make_pipeline(*steps).fit(rows), rows), rows[:6], relative=0.0, absolute=0.0)
