"""Kernel ridge regression, over every kernel of scikit-learn that is a formula."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, assert_lowers, lower

pytestmark = pytest.mark.filterwarnings("ignore:Singular matrix:UserWarning")
DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(40, 3))
VALUES = ROWS @ [1.0, -2.0, 0.5]


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly", "polynomial", "sigmoid", "laplacian", "cosine"])
@pytest.mark.parametrize("gamma", [None, 0.3])
def test_a_kernel_is_the_originals(kernel: str, gamma: float | None) -> None:
    assert_lowers(KernelRidge(kernel=kernel, gamma=gamma).fit(ROWS, VALUES), ROWS)


def test_several_targets_and_a_broken_degree_pass() -> None:
    both = np.stack([VALUES, ROWS[:, 0]], axis=1)
    positive = np.abs(ROWS)
    assert_lowers(KernelRidge(kernel="poly", degree=2.5).fit(positive, both), positive)


@pytest.mark.parametrize("kernel", ["chi2", "additive_chi2"])
def test_kernels_of_histograms_refuse_what_is_below_zero(kernel: str) -> None:
    counts = np.abs(ROWS)
    counts[0] = 0.0
    pair = lower(KernelRidge(kernel=kernel, gamma=0.7, alpha=10.0).fit(counts, VALUES), counts)
    assert_alike(pair, np.vstack([counts[:5], -counts[1:2]]))


def test_many_features_are_added_one_by_one() -> None:
    wide = DRAW.normal(size=(60, 40))
    assert_lowers(KernelRidge(kernel="laplacian", gamma=0.01).fit(wide, wide[:, 0]), wide)


def test_a_kernel_in_python_stays_native() -> None:
    model = KernelRidge(kernel=lambda x, y: float(x @ y)).fit(ROWS, VALUES)
    with pytest.raises(CannotLower, match="runs Python"):
        lower(model, ROWS)
