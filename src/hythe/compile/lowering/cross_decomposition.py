"""Partial least squares and canonical correlation as predictors."""

from __future__ import annotations

from typing import Any

from hythe.compile.lowering.frame import Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Regressed
from hythe.compile.lowering.scores import affine, finite


@lowers("sklearn.PLSRegression", "sklearn.PLSCanonical", "sklearn.CCA")
def partial_least_squares(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the linear model of the centred features."""
    centred = finite(frame, lowerer) - model._x_mean  # noqa: SLF001 - what predict subtracts
    values = affine(centred, model.coef_.T, model.intercept_)
    flat = getattr(model, "_predict_1d", False)
    return Regressed(values.reshape(-1) if flat else values)
