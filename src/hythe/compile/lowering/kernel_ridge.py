"""Kernel ridge regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.kernels import pairwise_kernel
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Regressed
from hythe.compile.lowering.scores import finite_doubles


@lowers("sklearn.KernelRidge")
def kernel_ridge(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower a weighted sum of kernels."""
    if not isinstance(model.kernel, str):
        raise CannotLower(f"KernelRidge(kernel={model.kernel!r}) runs Python")
    values = finite_doubles(frame, lowerer)
    weights = np.asarray(model.dual_coef_, dtype=np.float64)
    if model.kernel == "precomputed":
        return Regressed(values @ weights)
    stored = model.X_fit_
    points = np.asarray(stored.toarray() if hasattr(stored, "toarray") else stored, dtype=np.float64)
    settings = {"gamma": model.gamma, "degree": model.degree, "coef0": model.coef0}
    return Regressed(pairwise_kernel(model.kernel, values, points, lowerer, **settings) @ weights)
