"""Numbers cut into bins, and numbers ranked among quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.elementary import clip, normal_quantile
from hythe.compile.lowering.frame import Frame, held
from hythe.compile.lowering.intervals import interpolate, intervals
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.scaling import alike, checked

_NEAR = 1e-7
"""QuantileTransformer's BOUNDS_THRESHOLD: this near its extremes a value counts as extreme."""


@lowers("sklearn.KBinsDiscretizer")
def k_bins_discretizer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the number of inner bin edges at or below each value, as it is or one-hot."""
    single = frame.single if model.dtype is None else np.dtype(model.dtype) == np.float32
    value = held(checked(frame, lowerer), single=single)
    edges = [np.asarray(own[1:-1], dtype=np.float64) for own in model.bin_edges_]
    bins = intervals(value, edges)
    if model.encode == "ordinal":
        return Frame.of(bins.cast(np.float64), frame.width, single=single)
    cells = [(column, number) for column, own in enumerate(edges) for number in range(own.size + 1)]
    wanted = np.array([number for _, number in cells], dtype=np.int64)
    marks = bins.columns([column for column, _ in cells]).equals(wanted)
    return Frame.of(marks.cast(np.float64), len(cells), single=single, sparse=model.encode == "onehot")


@lowers("sklearn.QuantileTransformer")
def quantile_transformer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower each value's rank among the fitted quantiles, or the normal quantile of that rank.

    Ranks are the mean of an interpolation from below and one from above, so that repeated quantiles get the
    middle of theirs. A sparse matrix keeps its zeros.
    """
    value = checked(frame, lowerer, allow_nan=True)
    quantiles = [np.asarray(own, dtype=np.float64) for own in model.quantiles_.T]
    references: NDArray[np.float64] = np.asarray(model.references_, dtype=np.float64)
    heights = [references] * frame.width
    below = interpolate(value, quantiles, heights)
    above = interpolate(-value, [-own[::-1] for own in quantiles], [-own[::-1] for own in heights])
    rank = held((below - above) * 0.5, single=frame.single)
    graph = value.graph
    low, high = model.quantiles_[0], model.quantiles_[-1]
    if model.output_distribution == "normal":
        at_low = held(value - _NEAR, single=frame.single) < low
        at_high = held(value + _NEAR, single=frame.single) > high
    else:
        at_low, at_high = value.equals(low), value.equals(high)
    rank = graph.where(at_low, 0.0, graph.where(at_high, 1.0, rank))
    if model.output_distribution == "normal":
        rank = _normal(rank)
    if frame.sparse:
        rank = graph.where(value.equals(0.0), 0.0, rank)
    return alike(frame, rank)


def _normal(rank: Value) -> Value:
    from scipy.stats import norm

    low = norm.ppf(_NEAR - np.spacing(1))
    high = norm.ppf(1 - (_NEAR - np.spacing(1)))
    return clip(normal_quantile(rank), float(low), float(high))
