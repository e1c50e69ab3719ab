"""Transformed targets are transformed back as the original does."""

from typing import Any

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import RadiusNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_lowers, assert_same, lower

DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(60, 3))
VALUES = np.exp(ROWS @ [0.3, -0.6, 0.2])
BOTH = np.stack([VALUES, np.exp(ROWS[:, 0])], axis=1)
TARGETS = {"one": VALUES, "column": BOTH[:, :1], "two": BOTH}


@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize(
    "transformer",
    [
        None,
        StandardScaler(),
        MinMaxScaler(),
        MaxAbsScaler(),
        RobustScaler(),
        PowerTransformer(),
        PowerTransformer(standardize=False),
        PowerTransformer("box-cox"),
        QuantileTransformer(n_quantiles=20),
        QuantileTransformer(n_quantiles=20, output_distribution="normal"),
        make_pipeline(PowerTransformer(), StandardScaler()),
    ],
    ids=str,
)
def test_a_transformation_is_undone(transformer: Any, targets: str) -> None:
    model = TransformedTargetRegressor(LinearRegression(), transformer=transformer)
    assert_lowers(model.fit(ROWS, TARGETS[targets]), ROWS)


@pytest.mark.parametrize(
    ("function", "inverse"),
    [
        (np.log, np.exp),
        (np.log1p, np.expm1),
        (np.exp, np.log),
        (np.expm1, np.log1p),
        (np.sqrt, np.square),
        (np.square, np.sqrt),
        (np.log2, np.exp2),
        (np.sinh, np.arcsinh),
        (np.negative, np.negative),
    ],
    ids=lambda function: function.__name__,
)
def test_a_function_of_numpy_is_undone(function: Any, inverse: Any) -> None:
    model = TransformedTargetRegressor(LinearRegression(), func=function, inverse_func=inverse)
    assert_same(lower(model.fit(ROWS, VALUES), ROWS), ROWS[:20])


def test_no_neighbours_stay_unknown_through_quantiles() -> None:
    model = TransformedTargetRegressor(
        RadiusNeighborsRegressor(0.5), transformer=QuantileTransformer(n_quantiles=20)
    )
    assert_same(lower(model.fit(ROWS, VALUES), ROWS), ROWS + 0.4)


def test_a_function_in_python_stays_native() -> None:
    model = TransformedTargetRegressor(
        LinearRegression(), func=lambda y: y * 2, inverse_func=lambda y: y / 2
    ).fit(ROWS, VALUES)
    with pytest.raises(CannotLower, match="runs Python"):
        lower(model, ROWS)
