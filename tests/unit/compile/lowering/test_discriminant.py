"""Discriminants, centroids and the elliptic envelope answer as their originals do."""

from typing import Any

import numpy as np
import pytest
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.neighbors import NearestCentroid

from hythe.testing.lowering import assert_alike, assert_lowers

DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(60, 3))
LABELS = {"two": ROWS[:, 0] > 0, "three": np.array(["a", "b", "c"])[np.digitize(ROWS[:, 1], [-0.5, 0.5])]}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize(
    "model",
    [
        LinearDiscriminantAnalysis(),
        LinearDiscriminantAnalysis("lsqr", shrinkage="auto"),
        LinearDiscriminantAnalysis("eigen", priors=None),
        QuadraticDiscriminantAnalysis(),
        QuadraticDiscriminantAnalysis(reg_param=0.3),
    ],
    ids=str,
)
def test_a_discriminant_answers_as_its_original(model: Any, labels: str) -> None:
    assert_lowers(model.fit(ROWS, LABELS[labels]), ROWS)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("priors", ["uniform", "empirical"])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_the_nearest_centroid_is_the_originals_even_far_out(labels: str, priors: str, metric: str) -> None:
    model = NearestCentroid(metric=metric, priors=priors, shrink_threshold=0.1).fit(ROWS, LABELS[labels])
    pair = assert_lowers(model, ROWS)
    assert_alike(pair, ROWS[:5] * 1e12)


def test_a_row_on_the_ellipse_is_an_inlier() -> None:
    model = EllipticEnvelope(random_state=0).fit(ROWS)
    assert_lowers(model, ROWS)
    model.location_, model.precision_, model.offset_ = np.zeros(3), np.eye(3), -4.0
    assert_lowers(model, np.array([[2.0, 0, 0], [np.nextafter(2.0, 3), 0, 0], [0, 1, 1]]))
