"""Partial least squares answers as its originals do."""

from typing import Any

import numpy as np
import pytest
from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression

from hythe.testing.lowering import assert_lowers

DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(40, 4)) + 100.0
VALUES = ROWS @ [1.0, -2.0, 0.5, 0.0] + 0.1 * DRAW.normal(size=40)


@pytest.mark.parametrize("model", [PLSRegression(), PLSCanonical(), CCA()], ids=str)
def test_two_targets_are_the_originals(model: Any) -> None:
    assert_lowers(model.fit(ROWS, np.stack([VALUES, ROWS[:, 0]], axis=1)), ROWS)


@pytest.mark.parametrize("values", [VALUES, VALUES.reshape(-1, 1)], ids=["flat", "column"])
def test_one_target_keeps_its_shape(values: Any) -> None:
    assert_lowers(PLSRegression().fit(ROWS, values), ROWS)
