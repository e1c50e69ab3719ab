"""Scalers keep the original's arithmetic, to the last bit where its own is plain."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from hythe.testing.lowering import assert_alike, lower

ROWS = np.random.default_rng(0).normal(size=(40, 4)) * [1.0, 10.0, 1e-3, 1e5]
ODD = np.array(
    [
        [np.nan, 1, 2, 3],
        [1, np.inf, 2, 3],
        [1, 2, -np.inf, 3],
        [0, 0, 0, 0],
        [1e300, -1e300, 1e-300, -1e-300],
        [5, -5, 1e5, -1e5],
    ],
    dtype=np.float64,
)
EXACT = {"relative": 0.0, "absolute": 0.0}
SCALERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    RobustScaler(),
    RobustScaler(with_centering=False),
    RobustScaler(with_scaling=False, quantile_range=(10, 90)),
    MinMaxScaler(),
    MinMaxScaler(clip=True, feature_range=(-2, 3)),
    MaxAbsScaler(),
    Binarizer(threshold=0.1),
    Normalizer("max"),
]


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["double", "single"])
def test_scaled_values_are_the_originals_to_the_last_bit(scaler: Any, dtype: Any) -> None:
    rows = ROWS.astype(dtype)
    odd = ODD[[0, 1, 2, 3, 5]].astype(dtype)
    assert_alike(lower(scaler.fit(rows), rows), np.vstack([rows[:6], odd]), **EXACT)


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
def test_extreme_values_are_scaled_as_the_original_does(scaler: Any) -> None:
    assert_alike(lower(scaler.fit(ROWS), ROWS), ODD)


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_rows_are_divided_by_their_norm(norm: str) -> None:
    assert_alike(lower(Normalizer(norm).fit(ROWS), ROWS), np.vstack([ROWS[:4], ODD]))


@pytest.mark.parametrize(
    "scaler", [StandardScaler(with_mean=False), MaxAbsScaler(), RobustScaler(with_centering=False)]
)
def test_sparse_columns_are_multiplied_by_one_over_the_scale(scaler: Any) -> None:
    rows = np.random.default_rng(1).integers(0, 4, size=(30, 3)).astype(np.float64)
    model = make_pipeline(FunctionTransformer(None), OneHotEncoder(), scaler).fit(rows)
    assert scipy.sparse.issparse(model.transform(rows))
    assert_alike(lower(model, rows), rows[:8], **EXACT)


@pytest.mark.parametrize("standardize", [True, False], ids=["standardised", "plain"])
@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
def test_power_transforms_are_the_originals(method: str, standardize: bool) -> None:
    rows = np.exp(ROWS[:, :2] / [1.0, 10.0]) if method == "box-cox" else ROWS[:, :2]
    model = PowerTransformer(method, standardize=standardize).fit(rows)
    odd = np.vstack([ODD[:4, :2], [[1.0, -1.0], [1e-9, 1e-12], [3.0, np.nextafter(0, 1)]]])
    assert_alike(lower(model, rows), np.vstack([rows[:5], odd]))


def test_power_transforms_know_the_exponents_at_which_they_are_logarithms() -> None:
    model = PowerTransformer(standardize=False).fit(ROWS)
    model.lambdas_ = np.array([0.0, 2.0, 1.0, -3.0])
    assert_alike(lower(model, ROWS), np.vstack([ROWS[:5], ODD[:1], ODD[3:4]]))


def test_integers_are_scaled_as_doubles() -> None:
    rows = np.arange(12).reshape(6, 2)
    assert_alike(lower(StandardScaler().fit(rows), rows), rows, **EXACT)
