"""Gaussian processes over composed kernels, and their probabilities."""

from typing import Any

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    ExpSineSquared,
    Matern,
    PairwiseKernel,
    RationalQuadratic,
    WhiteKernel,
)

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_lowers, lower

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(30, 3))
VALUES = ROWS @ [1.0, -2.0, 0.5]
KERNELS = [
    None,
    RBF(),
    RBF([1.0, 2.0, 3.0]),
    Matern(nu=0.5),
    Matern(nu=1.5),
    Matern(nu=2.5),
    Matern(nu=np.inf),
    RationalQuadratic(),
    ExpSineSquared(2.0, 3.0) + WhiteKernel(9.0),
    DotProduct() + WhiteKernel(0.1),
    ConstantKernel(2.0) * RBF() + WhiteKernel(0.1),
    RBF() ** 2,
]


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_a_posterior_mean_is_the_originals(kernel: Any) -> None:
    model = GaussianProcessRegressor(kernel, alpha=1e-3, normalize_y=True, optimizer=None)
    assert_lowers(model.fit(ROWS, VALUES), ROWS)


def test_several_targets_and_a_kernel_by_name_pass() -> None:
    both = np.stack([VALUES, ROWS[:, 0]], axis=1)
    kernel = PairwiseKernel(metric="laplacian")
    assert_lowers(GaussianProcessRegressor(kernel, alpha=0.1, optimizer=None).fit(ROWS, both), ROWS)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_probabilities_of_two_classes_are_the_originals(kernel: Any) -> None:
    assert_lowers(GaussianProcessClassifier(kernel, optimizer=None).fit(ROWS, VALUES > 0), ROWS)


@pytest.mark.parametrize("kernel", [None, RBF(2.0)], ids=str)
def test_probabilities_of_three_classes_are_the_originals(kernel: Any) -> None:
    labels = np.array(["a", "b", "c"])[np.digitize(VALUES, [-1, 1])]
    assert_lowers(GaussianProcessClassifier(kernel, optimizer=None).fit(ROWS, labels), ROWS)


def test_a_smoothness_that_needs_a_bessel_function_stays_native() -> None:
    with pytest.raises(CannotLower, match="Bessel"):
        lower(GaussianProcessRegressor(Matern(nu=0.7), optimizer=None).fit(ROWS, VALUES), ROWS)
