"""Multi-layer perceptrons answer as their originals do."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from hythe.testing.lowering import assert_lowers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(40, 3))
VALUES = ROWS @ [1.0, -2.0, 0.5]
LABELS = {
    "two": np.array(["no", "yes"])[(VALUES > 0).astype(int)],
    "three": np.digitize(VALUES, [-1, 1]),
    "labels": np.stack([VALUES > 0, VALUES > 1], axis=1).astype(int),
}
ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_classifier_answers_as_its_original(activation: str, labels: str) -> None:
    model = MLPClassifier((5, 4), activation=activation, max_iter=20, random_state=0)
    assert_lowers(model.fit(ROWS, LABELS[labels]), ROWS)


@pytest.mark.parametrize("count", [1, 2])
def test_a_regressor_answers_as_its_original(count: int) -> None:
    model = MLPRegressor(hidden_layer_sizes=(5,), max_iter=20, random_state=0)
    assert_lowers(model.fit(ROWS, VALUES if count == 1 else np.stack([VALUES, -VALUES], axis=1)), ROWS)
