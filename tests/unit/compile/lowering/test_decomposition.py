"""Linear maps, kernel maps and clusters."""

from typing import Any

import numpy as np
import pytest
from sklearn.cluster import Birch, BisectingKMeans, FeatureAgglomeration, KMeans, MiniBatchKMeans
from sklearn.cross_decomposition import CCA, PLSSVD, PLSCanonical, PLSRegression
from sklearn.decomposition import (
    PCA,
    FactorAnalysis,
    FastICA,
    IncrementalPCA,
    KernelPCA,
    SparsePCA,
    TruncatedSVD,
)
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import AdditiveChi2Sampler, Nystroem, RBFSampler, SkewedChi2Sampler
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, lower

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(60, 5))
TARGET = RANDOM.integers(0, 3, size=60)
POSITIVE = np.abs(ROWS)
ODD = np.array([[np.nan, 1.0, 2.0, 3.0, 4.0], [1.0, 1.0, np.inf, 3.0, 4.0], [0.0] * 5, [1e3] * 5])
SEED = {"random_state": 0}


@pytest.mark.parametrize(
    "model",
    [
        PCA(3),
        PCA(whiten=True),
        IncrementalPCA(2),
        TruncatedSVD(2, **SEED),
        FactorAnalysis(2, **SEED),
        FastICA(3, **SEED),
        FastICA(whiten=False, max_iter=1000, tol=0.1, **SEED),
        GaussianRandomProjection(3, **SEED),
        SparseRandomProjection(3, **SEED),
        NeighborhoodComponentsAnalysis(2, max_iter=5, **SEED),
        BernoulliRBM(4, n_iter=2, **SEED),
        FeatureAgglomeration(3),
        LinearDiscriminantAnalysis(),
        LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1),
        PLSRegression(2),
        CCA(1),
        PLSCanonical(1),
        PLSSVD(1),
        KernelPCA(3),
        KernelPCA(3, kernel="rbf"),
        KernelPCA(2, kernel="poly", degree=2, gamma=0.1),
        KernelPCA(2, kernel="cosine"),
        Nystroem(n_components=20, **SEED),
        Nystroem(kernel="poly", n_components=10, degree=3, **SEED),
        RBFSampler(n_components=20, **SEED),
        KMeans(3, n_init=1, **SEED),
        MiniBatchKMeans(3, n_init=1, **SEED),
        BisectingKMeans(3, **SEED),
        Birch(threshold=0.5),
    ],
    ids=str,
)
@pytest.mark.filterwarnings(
    "ignore:.*converge.*", "ignore:n_components is too large", "ignore:Starting with v1.3"
)
def test_coordinates_are_the_originals(model: Any) -> None:
    fitted = model.fit(ROWS, TARGET)
    pair = lower(make_pipeline(fitted, "passthrough"), ROWS)
    assert_alike(pair, np.vstack([ROWS[:6], ODD]), absolute=1e-8)


@pytest.mark.parametrize(
    "model",
    [
        SkewedChi2Sampler(n_components=10, **SEED),
        AdditiveChi2Sampler(),
        AdditiveChi2Sampler(sample_steps=1),
        AdditiveChi2Sampler(sample_steps=4, sample_interval=0.3),
    ],
    ids=str,
)
def test_maps_of_histograms_refuse_what_is_negative(model: Any) -> None:
    rows = np.vstack([POSITIVE[:4], -POSITIVE[:1], ODD])
    assert_alike(lower(model.fit(POSITIVE), POSITIVE), rows)


@pytest.mark.parametrize(
    "model",
    [KMeans(4, n_init=1, **SEED), MiniBatchKMeans(4, n_init=1, **SEED), Birch(threshold=0.5, n_clusters=3)],
    ids=["means", "batches", "birch"],
)
def test_rows_join_the_originals_clusters(model: Any) -> None:
    assert_alike(lower(model.fit(ROWS), ROWS), np.vstack([ROWS[:20], ODD]))


def test_single_precision_stays_within_its_own_tolerance() -> None:
    rows = ROWS.astype(np.float32)
    assert_alike(lower(PCA(3).fit(rows), rows), rows[:6], relative=1e-5, absolute=1e-6)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (SparsePCA(2, max_iter=5, **SEED), "single row"),
        (FeatureAgglomeration(2, pooling_func=np.max), "pools by"),
        (KernelPCA(2, kernel=lambda a, b: float(a @ b)), "kernel="),
    ],
    ids=["sparse components", "own pooling", "own kernel"],
)
def test_what_cannot_be_lowered_says_why(model: Any, reason: str) -> None:
    with pytest.raises(CannotLower, match=reason):
        lower(make_pipeline(model, "passthrough").fit(ROWS), ROWS)
