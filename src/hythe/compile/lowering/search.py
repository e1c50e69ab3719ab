"""Estimators that stand for one that they found or hold: searches, frozen ones, feature elimination."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.lowering.frame import Frame
from hythe.compile.lowering.lowerer import Lowerer, lowers


@lowers(
    "sklearn.GridSearchCV",
    "sklearn.RandomizedSearchCV",
    "sklearn.HalvingGridSearchCV",
    "sklearn.HalvingRandomSearchCV",
)
def best(model: Any, frame: Frame, lowerer: Lowerer) -> Any:
    """Lower the estimator that a search found best."""
    return lowerer.lower(model.best_estimator_, frame)


@lowers("sklearn.FrozenEstimator")
def frozen(model: Any, frame: Frame, lowerer: Lowerer) -> Any:
    """Lower the estimator inside."""
    return lowerer.lower(model.estimator, frame)


@lowers("sklearn.RFE", "sklearn.RFECV")
def eliminated(model: Any, frame: Frame, lowerer: Lowerer) -> Any:
    """Lower the estimator on the features that were left; the others are checked all the same."""
    from sklearn.utils import get_tags

    if not get_tags(model).input_tags.allow_nan:
        lowerer.refuse_not_finite(frame.numbers())
    kept = [int(i) for i in np.flatnonzero(model.support_)]
    return lowerer.lower(model.estimator_, frame.select(kept))
