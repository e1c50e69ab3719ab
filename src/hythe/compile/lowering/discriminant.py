"""Linear and quadratic discriminants, nearest centroids, and the ellipse around normal rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.kernels import brute_squared_distances, manhattan, product_squared_distances
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Detected
from hythe.compile.lowering.scores import affine, by_greatest, by_logit, finite, finite_doubles, promoted


@lowers("sklearn.LinearDiscriminantAnalysis")
def linear(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower linear scores with their sigmoid or softmax."""
    values = finite(frame, lowerer)
    weights, bias = np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_)
    if len(model.classes_) != 2:  # noqa: PLR2004 - two classes share one score
        scores = affine(values, weights, bias)
        return by_greatest(scores, model.classes_, probabilities=scores.apply("Softmax", axis=-1))
    return by_logit(values, weights, bias, model.classes_)


@lowers("sklearn.QuadraticDiscriminantAnalysis")
def quadratic(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower one ellipse for each class: log posteriors up to a constant (ESL, equation 4.12)."""
    means = np.asarray(model.means_)
    values = promoted(finite(frame, lowerer), means)
    pairs = zip(model.rotations_, model.scalings_, strict=True)
    turned = [rotation * scaling**-0.5 for rotation, scaling in pairs]
    offsets = values.reshape(1, -1, frame.width) - means[:, np.newaxis]
    norms = (offsets @ _stacked(turned).astype(values.dtype)).reduce("SumSquare", axis=2).transpose(1, 0)
    logs = np.array([np.log(scaling).sum() for scaling in model.scalings_])
    priors = np.log(model.priors_)
    return _posterior(promoted((norms + logs) * -0.5, priors) + priors, model.classes_)


@lowers("sklearn.NearestCentroid")
def nearest_centroid(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the nearest centroid, and the scores of spherical discriminants around them."""
    if model.metric not in {"euclidean", "manhattan"}:
        raise CannotLower(f"NearestCentroid(metric={model.metric!r}) has no lowering")
    values = finite_doubles(frame, lowerer)
    centroids = np.asarray(model.centroids_, dtype=np.float64)
    deviations = model.within_class_std_dev_
    scale = np.where(deviations != 0, deviations, 1.0)
    distances = _centroid_distances(values / scale, centroids / scale, model.metric)
    answer = _posterior(2.0 * np.log(model.class_prior_) - distances, model.classes_)
    if not np.isclose(model.class_prior_, 1 / len(model.classes_)).all():
        return answer
    if model.metric == "manhattan":
        nearest = manhattan(values, centroids)
    else:
        nearest = brute_squared_distances(values, centroids)
    return Classified(nearest.argmin(), model.classes_, answer.probabilities, answer.decision)


@lowers("sklearn.EllipticEnvelope")
def elliptic_envelope(model: Any, frame: Frame, lowerer: Lowerer) -> Detected:
    """Lower the Mahalanobis distance from the robust centre."""
    offsets = finite_doubles(frame, lowerer) - model.location_
    distance = ((offsets @ model.get_precision()) * offsets).reduce("Sum")
    score = -distance - float(model.offset_)
    return Detected(score >= 0.0, score)


def _posterior(scores: Value, classes: NDArray[Any]) -> Classified:
    """Lower `DiscriminantAnalysisPredictionMixin`: for two classes the decision is a difference."""
    decision = scores.column(1) - scores.column(0) if len(classes) == 2 else scores  # noqa: PLR2004 - two
    return Classified(scores.argmax(), classes, scores.apply("Softmax", axis=-1), decision)


def _centroid_distances(values: Value, centroids: NDArray[np.float64], metric: str) -> Value:
    if metric == "euclidean":
        distances = product_squared_distances(values, centroids).apply("Sqrt")
    else:
        distances = manhattan(values, centroids)
    return distances * distances


def _stacked(matrices: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Stack [features, rank] matrices; columns of zeros fill up the ranks."""
    rank = max(matrix.shape[1] for matrix in matrices)
    return np.stack([np.pad(matrix, ((0, 0), (0, rank - matrix.shape[1]))) for matrix in matrices])
