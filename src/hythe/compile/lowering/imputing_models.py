"""Missing values filled by models of the other columns: nearest neighbours, and regressions in rounds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame, Numbers
from hythe.compile.lowering.imputation import missing_cells, missing_marks, simple_imputer
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Regressed
from hythe.compile.lowering.scaling import alike

Rows = NDArray[np.float64]
Mask = NDArray[np.bool_]


@lowers("sklearn.KNNImputer")
def knn_imputer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the mean of the nearest fitted rows that have the column; distances leave out missing cells.

    Where distances tie at the last neighbour, `argpartition` takes whichever it meets; the first are taken
    here, and the proof tells whether it matters.
    """
    if model.metric != "nan_euclidean" or model.weights not in {"uniform", "distance"}:
        raise CannotLower(f"KNNImputer has metric={model.metric!r} and weights={model.weights!r}")
    value, missing = _read(model, frame, lowerer)
    rows: Rows = np.asarray(model._fit_X, dtype=np.float64)  # noqa: SLF001 - nowhere else
    lacking: Mask = np.asarray(model._mask_fit_X)  # noqa: SLF001 - nowhere else
    valid: Mask = np.asarray(model._valid_mask)  # noqa: SLF001 - nowhere else
    kept = list(range(valid.size)) if model.keep_empty_features else np.flatnonzero(valid).tolist()
    distances = _nan_distances(value, missing, rows, lacking)
    nothing = missing.columns([0]).cast(np.float64) * 0.0
    fills = [
        _neighbour_mean(model, distances, rows[:, column], ~lacking[:, column]) if valid[column] else nothing
        for column in kept
    ]
    replaced = missing if valid.all() else (missing | lowerer.graph.constant(~valid[np.newaxis]))
    whole = len(kept) == valid.size
    own, cells = (value, replaced) if whole else (value.columns(kept), replaced.columns(kept))
    return _with_marks(model, frame, lowerer.graph.where(cells, lowerer.graph.concat(fills), own), lowerer)


def _nan_distances(value: Value, missing: Value, rows: Rows, lacking: Mask) -> Value:
    """Compute `nan_euclidean_distances`, [rows, fitted rows]; NaN where no cells are shared.

    It adds the norms of whole rows and takes those of missing cells off again, which leaves rounding that may
    decide who is near: so the order is its own. Norms are subtracted negated, because ONNX Runtime would fuse
    a product and a sum and add in another order.
    """
    from sklearn.utils.extmath import row_norms

    graph = value.graph
    gaps = missing.cast(np.float64)
    known, gaps_there = np.where(lacking, 0.0, rows), lacking.astype(np.float64)
    filled = graph.where(missing, 0.0, value)
    own = (filled * filled).reduce("Sum", keepdims=True)
    squares = (filled @ (-2.0 * known.T) - -own) - -row_norms(known, squared=True)
    squares = graph.op("Max", squares, np.asarray(0.0))
    squares = (squares - (filled * filled) @ gaps_there.T) - gaps @ (known * known).T
    squares = graph.op("Max", squares, np.asarray(0.0))
    shared = (1.0 - gaps) @ (1.0 - gaps_there).T
    mean = squares / graph.op("Max", shared, np.asarray(1.0)) * float(rows.shape[1])
    return graph.where(shared.equals(0.0), np.nan, mean.apply("Sqrt"))


def _neighbour_mean(model: Any, distances: Value, column: Rows, has: Mask) -> Value:
    """Average the nearest donors' values, [rows, 1]; all donors' mean where no distance is defined."""
    graph = distances.graph
    donors = np.flatnonzero(has)
    own = distances if donors.size == has.size else distances.columns(donors.tolist())
    count = np.array([min(model.n_neighbors, donors.size)])
    ranks = graph.where(own.is_nan(), np.inf, own)
    nearest, index = graph.ops("TopK", ranks, count, dtypes=(None, np.int64), axis=1, largest=0)
    values = graph.op("Gather", column[donors], index, dtype=np.float64, axis=0)
    if model.weights == "distance":
        at = nearest.equals(0.0)
        weights = graph.where(at.reduce("Max", keepdims=True), at.cast(np.float64), 1.0 / nearest)
    else:
        weights = (~nearest.is_inf()).cast(np.float64)
    total = weights.reduce("Sum", keepdims=True)
    mean = (weights * values).reduce("Sum", keepdims=True) / total
    return graph.where(total.equals(0.0), float(column[donors].mean()), mean)


@lowers("sklearn.IterativeImputer")
def iterative_imputer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the fitted regressions in turn, each filling one column from others, after simple fillings."""
    if model.sample_posterior:
        raise CannotLower("IterativeImputer has sample_posterior=True, which draws its fillings at random")
    _, missing = _read(model, frame, lowerer)
    first = simple_imputer(model.initial_imputer_, frame, lowerer).numbers()
    if model.n_iter_ == 0:
        return _with_marks(model, frame, first, lowerer)
    empty: Mask = np.asarray(model._is_empty_feature)  # noqa: SLF001 - nowhere else
    if model.keep_empty_features:
        cells = (missing & lowerer.graph.constant(~empty[np.newaxis])) if empty.any() else missing
    else:
        cells = missing.columns(np.flatnonzero(~empty).tolist()) if empty.any() else missing
    mark = lowerer.guard.mark()
    state = first
    for step in model.imputation_sequence_:
        state = _filled_by(model, step, state, cells, lowerer)
    lowerer.guard.forget_since(mark)
    everywhere = cells.cast(np.int64).reduce("Min", keepdims=True).equals(1)
    return _with_marks(model, frame, lowerer.graph.where(everywhere, first, state), lowerer)


def _filled_by(model: Any, step: Any, state: Value, cells: Value, lowerer: Lowerer) -> Value:
    """Predict one column from its neighbours and bound it; the rows that have it keep their own."""
    column = int(step.feat_idx)
    neighbours = [int(index) for index in step.neighbor_feat_idx]
    predicted = lowerer.predict(step.estimator, Frame.of(state.columns(neighbours), len(neighbours)))
    if not isinstance(predicted, Regressed):
        raise CannotLower(f"IterativeImputer fills by {type(step.estimator).__name__}, which is no regressor")
    filling = predicted.value.reshape(-1, 1)
    low, high = float(model._min_value[column]), float(model._max_value[column])  # noqa: SLF001 - nowhere else
    if np.isfinite(low) or np.isfinite(high):
        filling = lowerer.graph.op("Clip", filling, np.asarray(low), np.asarray(high))
    width = len(model._min_value)  # noqa: SLF001 - nowhere else
    here = np.arange(width)[np.newaxis] == column
    return lowerer.graph.where(cells & lowerer.graph.constant(here), filling, state)


def _read(model: Any, frame: Frame, lowerer: Lowerer) -> tuple[Value, Value]:
    """Take the columns and the marks of their missing cells, bool [rows, width]."""
    missing_values = model.missing_values
    number = isinstance(missing_values, int | float | np.number)
    if not number:
        raise CannotLower(
            f"{type(model).__name__} has missing_values={missing_values!r}; only numbers are lowered"
        )
    value = frame.numbers().cast(np.float64)
    lowerer.refuse_not_finite(value, allow_nan=bool(np.isnan(missing_values)))
    marks = missing_cells(missing_values, Numbers(value, frame.width), False, lowerer)
    if marks is None:
        raise CannotLower(f"{type(model).__name__} has missing_values={missing_values!r}")
    return value, marks


def _with_marks(model: Any, frame: Frame, filled: Value, lowerer: Lowerer) -> Frame:
    width = int(model.n_features_in_)
    empty = getattr(model, "_is_empty_feature", None)
    if empty is None:
        empty = ~np.asarray(model._valid_mask)  # noqa: SLF001 - nowhere else
    kept = width if model.keep_empty_features else width - int(np.sum(empty))
    result = alike(frame, filled, kept)
    if not model.add_indicator:
        return result
    marks = missing_marks(model.missing_values, frame, model.indicator_.features_, False, lowerer)
    return Frame.beside([result, marks])
