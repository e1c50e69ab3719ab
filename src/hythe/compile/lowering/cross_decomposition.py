"""Partial least squares and canonical correlation as predictors."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.lowering.frame import Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Regressed
from hythe.compile.lowering.scores import affine, finite, promoted


@lowers("sklearn.PLSRegression", "sklearn.PLSCanonical", "sklearn.CCA")
def partial_least_squares(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the linear model of the centred features."""
    means = np.asarray(model._x_mean)  # noqa: SLF001 - what predict subtracts, in place
    values = finite(frame, lowerer)
    centred = (promoted(values, means) - means).cast(values.dtype)
    answers = affine(centred, model.coef_.T, model.intercept_)
    flat = getattr(model, "_predict_1d", False)
    return Regressed(answers.reshape(-1) if flat else answers)
