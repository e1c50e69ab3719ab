"""Kernels made explicit: kernel components, and approximate feature maps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.kernels import pairwise_kernel
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.scaling import alike, checked
from hythe.compile.lowering.scores import affine

_INTERVALS = {1: 0.8, 2: 0.5, 3: 0.4}
"""AdditiveChi2Sampler's interval for each number of steps (Vedaldi and Zisserman, 2011, figure 2c)."""


@lowers("sklearn.KernelPCA")
def kernel_components(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the centred kernel with the fitted rows, projected on the scaled eigenvectors."""
    if callable(model.kernel) or model.kernel == "precomputed":
        raise CannotLower(f"KernelPCA has kernel={model.kernel!r}, which no lowering knows")
    value = checked(frame, lowerer)
    rows = _dense(model.X_fit_)
    gamma = getattr(model, "gamma_", model.gamma)
    kernel = pairwise_kernel(
        model.kernel, value, rows, lowerer, gamma=gamma, degree=model.degree, coef0=model.coef0
    )
    centerer = model._centerer  # noqa: SLF001 - what transform centres by
    means = kernel.reduce("Sum", keepdims=True) / float(len(centerer.K_fit_rows_))
    centred = ((kernel - centerer.K_fit_rows_) - means) + float(centerer.K_fit_all_)
    scale = np.where(model.eigenvalues_ != 0.0, model.eigenvalues_, np.inf)
    vectors = model.eigenvectors_ / np.sqrt(scale)
    return replace(alike(frame, centred @ vectors, vectors.shape[1]), sparse=False)


@lowers("sklearn.Nystroem")
def nystroem(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the kernel with the chosen rows, normalised."""
    if callable(model.kernel) or model.kernel == "precomputed":
        raise CannotLower(f"Nystroem has kernel={model.kernel!r}, which no lowering knows")
    settings = model._get_kernel_params()  # noqa: SLF001 - what transform asks
    kernel = pairwise_kernel(
        model.kernel, checked(frame, lowerer), _dense(model.components_), lowerer, **settings
    )
    normalisation = np.asarray(model.normalization_, dtype=np.float64)
    return replace(alike(frame, kernel @ normalisation.T, len(normalisation)), sparse=False)


@lowers("sklearn.RBFSampler")
def rbf_sampler(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower random Fourier features (Rahimi and Recht, 2007)."""
    value = checked(frame, lowerer)
    return _cosines(model, frame, value, (2.0 / model.n_components) ** 0.5)


@lowers("sklearn.SkewedChi2Sampler")
def skewed_chi2_sampler(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower random Fourier features of shifted logarithms."""
    value = checked(frame, lowerer)
    lowerer.refuse(value <= -float(model.skewedness))
    logarithm = (value + float(model.skewedness)).apply("Log")
    return _cosines(model, frame, logarithm, np.sqrt(2.0) / np.sqrt(model.n_components))


@lowers("sklearn.AdditiveChi2Sampler")
def additive_chi2_sampler(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the sampled Fourier transform of the additive chi-squared kernel."""
    value = checked(frame, lowerer)
    lowerer.refuse(value < 0.0)
    graph = value.graph
    interval = _INTERVALS.get(model.sample_steps, model.sample_interval) or 0.0
    interval = float(model.sample_interval or interval)
    zero = value.equals(0.0)
    logarithm = graph.where(zero, 0.0, value.apply("Log"))
    blocks = [graph.where(zero, 0.0, (value * interval).apply("Sqrt"))]
    for step in range(1, model.sample_steps):
        factor = (value * (2.0 * interval / np.cosh(np.pi * step * interval))).apply("Sqrt")
        angle = logarithm * (step * interval)
        blocks.extend(graph.where(zero, 0.0, factor * angle.apply(wave)) for wave in ("Cos", "Sin"))
    return alike(frame, graph.concat(blocks), frame.width * len(blocks))


def _cosines(model: Any, frame: Frame, value: Value, scale: float) -> Frame:
    angles = affine(value, model.random_weights_, model.random_offset_)
    width = model.random_weights_.shape[1]
    return replace(alike(frame, angles.apply("Cos") * float(scale), width), sparse=False)


def _dense(rows: Any) -> Any:
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=np.float64)
