"""Support vector machines answer as libsvm does: votes, ties, decisions and coupled probabilities."""

from typing import Any

import numpy as np
import pytest
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_lowers, lower

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(60, 3))
VALUES = ROWS @ [1.0, -2.0, 0.5] + 0.1 * DRAW.normal(size=60)
LABELS = {
    "two": np.array(["no", "yes"])[(VALUES > 0).astype(int)],
    "three": np.digitize(VALUES, [-1, 1]),
    "five": np.digitize(VALUES, [-2, -1, 1, 2]),
}
KERNELS = ["linear", "rbf", "poly", "sigmoid"]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("model", [SVR(), NuSVR(gamma="auto"), SVR(C=0.1, degree=2, coef0=1.0)], ids=str)
def test_a_regressor_answers_as_its_original(model: Any, kernel: str) -> None:
    assert_lowers(model.set_params(kernel=kernel).fit(ROWS, VALUES), ROWS)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    "model",
    [SVC(), SVC(decision_function_shape="ovo"), SVC(break_ties=True), NuSVC(nu=0.05)],
    ids=str,
)
def test_a_classifier_answers_as_its_original(model: Any, kernel: str, labels: str) -> None:
    assert_lowers(model.set_params(kernel=kernel).fit(ROWS, LABELS[labels]), ROWS)


@pytest.mark.parametrize("labels", LABELS)
def test_probabilities_are_coupled_as_far_as_libsvm_goes(labels: str) -> None:
    assert_lowers(SVC(probability=True, random_state=0).fit(ROWS, LABELS[labels]), ROWS)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_one_class_machine_answers_as_its_original(kernel: str) -> None:
    assert_lowers(OneClassSVM(kernel=kernel, nu=0.3).fit(ROWS), ROWS)


def test_points_far_from_their_centre_keep_their_kernel() -> None:
    assert_lowers(SVC(gamma=1e8).fit(ROWS, LABELS["three"]), ROWS)


def test_a_kernel_computed_beforehand_passes() -> None:
    table = ROWS @ ROWS.T
    assert_lowers(SVC(kernel="precomputed").fit(table, LABELS["three"]), table)


def test_a_kernel_in_python_stays_native() -> None:
    model = SVC(kernel=_product).fit(ROWS, LABELS["two"])
    with pytest.raises(CannotLower, match="Python function"):
        lower(model, ROWS)


def _product(left: Any, right: Any) -> Any:
    return left @ right.T
