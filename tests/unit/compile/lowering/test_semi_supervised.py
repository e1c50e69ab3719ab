"""Label propagation and self-training answer as their originals do."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.semi_supervised import LabelPropagation, LabelSpreading, SelfTrainingClassifier

from hythe.testing.lowering import assert_lowers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ROWS = np.random.default_rng(0).normal(size=(60, 3))
LABELS = np.where(np.arange(60) % 3 == 0, -1, np.digitize(ROWS[:, 0], [-0.5, 0.5]))


@pytest.mark.parametrize(
    "model",
    [
        LabelPropagation(gamma=2.0),
        LabelSpreading(gamma=0.5),
        LabelSpreading("knn", n_neighbors=5),
        SelfTrainingClassifier(LogisticRegression()),
    ],
    ids=str,
)
def test_a_model_of_few_labels_answers_as_its_original(model: Any) -> None:
    assert_lowers(model.fit(ROWS, LABELS), ROWS)
