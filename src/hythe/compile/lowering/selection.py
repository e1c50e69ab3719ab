"""Selectors of columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.lowering.frame import CannotLower, Frame, Source
from hythe.compile.lowering.lowerer import Lowerer, lowers, transforms
from hythe.compile.lowering.pipeline import without_names


@transforms("sklearn.RFE", "sklearn.RFECV")
@lowers(
    "sklearn.GenericUnivariateSelect",
    "sklearn.SelectFdr",
    "sklearn.SelectFpr",
    "sklearn.SelectFromModel",
    "sklearn.SelectFwe",
    "sklearn.SelectKBest",
    "sklearn.SelectPercentile",
    "sklearn.SequentialFeatureSelector",
    "sklearn.VarianceThreshold",
)
def selector(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the choice of columns; where the selector takes missing values it checks nothing."""
    if not _allows_nan(model) and not any(isinstance(part, Source) for part in frame.parts):
        lowerer.refuse_not_finite(frame.numbers())
    chosen = np.flatnonzero(model.get_support())
    if chosen.size == 0:
        raise CannotLower(f"{type(model).__name__} selects no column at all")
    return without_names(frame.select(chosen.tolist()))


@lowers("sklearn.RFE", "sklearn.RFECV")
def eliminator(model: Any, frame: Frame, lowerer: Lowerer) -> Any:
    """Lower the prediction on the columns that were left, or their choice where nothing predicts."""
    chosen = selector(model, frame, lowerer)
    return lowerer.predict(model.estimator_, chosen) if hasattr(model, "predict") else chosen


def _allows_nan(model: Any) -> bool:
    """Ask as `SelectorMixin.transform` does, in the way of the installed version."""
    try:
        from sklearn.utils import get_tags
    except ImportError:
        from sklearn.utils._tags import _safe_tags

        return bool(_safe_tags(model, "allow_nan"))
    return bool(get_tags(model).input_tags.allow_nan)
