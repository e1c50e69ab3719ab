"""Linear maps to other coordinates: one matrix product, and what stands before or behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers, transforms
from hythe.compile.lowering.scaling import alike, checked
from hythe.compile.lowering.scores import affine, expit

Matrix = NDArray[np.float64]


@lowers("sklearn.PCA", "sklearn.IncrementalPCA")
def principal_components(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the projection, centred behind the product as the original does, and whitened if it is set.

    scikit-learn before 1.5 centres the rows of PCA first; the results agree to rounding.
    """
    components = _matrix(model.components_)
    value = checked(frame, lowerer) @ components.T
    value = value - _matrix(model.mean_).reshape(1, -1) @ components.T
    if model.whiten:
        deviations = np.sqrt(_matrix(model.explained_variance_))
        value = value / np.maximum(deviations, np.finfo(model.explained_variance_.dtype).eps)
    return _result(frame, value, len(components))


@lowers(
    "sklearn.GaussianRandomProjection",
    "sklearn.NeighborhoodComponentsAnalysis",
    "sklearn.SparseRandomProjection",
    "sklearn.TruncatedSVD",
)
def projection(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower `X @ components_.T`."""
    components = model.components_
    value = checked(frame, lowerer)
    if not hasattr(components, "toarray"):
        return _result(frame, value @ _matrix(components).T, len(components))
    return _result(frame, _summed_in_order(value, _matrix(components.toarray())), components.shape[0])


@lowers("sklearn.FastICA")
def independent_components(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the unmixing of the centred rows."""
    value = checked(frame, lowerer)
    centred = value - _matrix(model.mean_) if model.whiten else value
    return _result(frame, centred @ _matrix(model.components_).T, len(model.components_))


@lowers("sklearn.FactorAnalysis")
def factor_analysis(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the posterior mean of the factors (Barber, Bayesian Reasoning and Machine Learning, 21.1)."""
    components = _matrix(model.components_)
    weighted = components / _matrix(model.noise_variance_)
    covariance = np.linalg.inv(np.eye(len(components)) + weighted @ components.T)
    centred = checked(frame, lowerer) - _matrix(model.mean_)
    return _result(frame, (centred @ weighted.T) @ covariance, len(components))


@lowers("sklearn.MiniBatchSparsePCA", "sklearn.SparsePCA")
def sparse_components(model: Any, _frame: Frame, _lowerer: Lowerer) -> Frame:
    """Refuse: the original answers one row in another shape than a batch."""
    raise CannotLower(f"{type(model).__name__} loses the row axis when it is given a single row")


@lowers("sklearn.BernoulliRBM")
def boltzmann_machine(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the probabilities of the hidden units."""
    value = checked(frame, lowerer)
    hidden = affine(value, _matrix(model.components_).T, _matrix(model.intercept_hidden_))
    return _result(frame, expit(hidden), len(model.components_))


@lowers("sklearn.FeatureAgglomeration")
def feature_agglomeration(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the mean of each cluster of columns."""
    if model.pooling_func is not np.mean:
        raise CannotLower(f"FeatureAgglomeration pools by {model.pooling_func!r}; only numpy.mean is lowered")
    labels = np.asarray(model.labels_)
    sums = (labels[:, np.newaxis] == np.arange(labels.max() + 1)).astype(np.float64)
    return _result(frame, (checked(frame, lowerer) @ sums) / sums.sum(axis=0), sums.shape[1])


@transforms("sklearn.LinearDiscriminantAnalysis")
def discriminant_coordinates(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the projection on the directions that separate the classes best."""
    value = checked(frame, lowerer)
    scalings = _matrix(model.scalings_)[:, : model._max_components]  # noqa: SLF001 - what transform keeps
    if model.solver == "svd":
        value = value - _matrix(model.xbar_)
    return _result(frame, value @ scalings, scalings.shape[1])


@transforms("sklearn.CCA", "sklearn.PLSCanonical", "sklearn.PLSRegression")
def partial_least_squares_scores(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the scores of the standardised rows."""
    rotations = _matrix(model.x_rotations_)
    return _result(frame, _standardised(model, frame, lowerer) @ rotations, rotations.shape[1])


@lowers("sklearn.PLSSVD")
def partial_least_squares_svd(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the scores of the standardised rows."""
    weights = _matrix(model.x_weights_)
    return _result(frame, _standardised(model, frame, lowerer) @ weights, weights.shape[1])


def _summed_in_order(value: Value, components: Matrix) -> Value:
    """Multiply as scipy does with a sparse matrix, one rounded product after the other, if it is small."""
    width = components.shape[1]
    if components.size > _SMALL:
        return value @ components.T
    products = value.reshape(-1, 1, width) * components
    sums = value.graph.op("CumSum", products, np.asarray(2, dtype=np.int64))
    return sums.column(width - 1, axis=2)


_SMALL = 2048


def _standardised(model: Any, frame: Frame, lowerer: Lowerer) -> Value:
    centred = checked(frame, lowerer) - _matrix(model._x_mean)  # noqa: SLF001 - nowhere else
    return centred / _matrix(model._x_std)  # noqa: SLF001 - nowhere else


def _matrix(values: Any) -> Matrix:
    return np.asarray(values, dtype=np.float64)


def _result(frame: Frame, value: Value, width: int) -> Frame:
    """Wrap a result, which is dense whatever the rows were."""
    return replace(alike(frame, value, width), sparse=False)
