"""Scalers and other columnwise arithmetic, in the original's own order of operations.

What follows may be a tree, whose thresholds decide at the last bit; so nothing is folded together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.elementary import clip, expm1, log1p
from hythe.compile.lowering.frame import CannotLower, Frame, held
from hythe.compile.lowering.lowerer import Lowerer, lowers


def checked(frame: Frame, lowerer: Lowerer, *, allow_nan: bool = False) -> Value:
    """Take all columns as float64 [rows, width] and refuse what `check_array` refuses."""
    value = frame.numbers().cast(np.float64)
    lowerer.refuse_not_finite(value, allow_nan=allow_nan)
    return value


def alike(frame: Frame, value: Value, width: int | None = None) -> Frame:
    """Wrap a result that the original holds in the same precision and container as `frame`."""
    own = held(value, single=frame.single)
    return Frame.of(own, frame.width if width is None else width, single=frame.single, sparse=frame.sparse)


@lowers("sklearn.StandardScaler")
def standard_scaler(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower (x - mean) / scale; sparse input is multiplied by 1 / scale, as the original does."""
    value = checked(frame, lowerer, allow_nan=True)
    if model.with_mean:
        value = held(value - _constants(model.mean_, single=frame.single), single=frame.single)
    if model.with_std:
        value = _divided(frame, value, _constants(model.scale_, single=frame.single))
    return alike(frame, value)


@lowers("sklearn.RobustScaler")
def robust_scaler(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower (x - centre) / scale."""
    value = checked(frame, lowerer, allow_nan=True)
    if model.with_centering:
        value = held(value - _constants(model.center_), single=frame.single)
    if model.with_scaling:
        value = _divided(frame, value, _constants(model.scale_))
    return alike(frame, value)


@lowers("sklearn.MinMaxScaler")
def min_max_scaler(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower x · scale + min, bounded to the feature range when `clip` is set."""
    value = checked(frame, lowerer, allow_nan=True)
    value = held(value * _constants(model.scale_), single=frame.single)
    value = held(value + _constants(model.min_), single=frame.single)
    if model.clip:
        low, high = (float(np.float32(bound)) if frame.single else bound for bound in model.feature_range)
        value = clip(value, float(low), float(high))
    return alike(frame, value)


@lowers("sklearn.MaxAbsScaler")
def max_abs_scaler(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower x / scale."""
    value = _divided(frame, checked(frame, lowerer, allow_nan=True), _constants(model.scale_))
    if getattr(model, "clip", False):
        value = clip(value, -1.0, 1.0)
    return alike(frame, value)


@lowers("sklearn.Normalizer")
def normalizer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the division of each row by its norm; rows of zeros stay as they are."""
    return alike(frame, row_normalised(checked(frame, lowerer), model.norm))


def row_normalised(value: Value, norm: str) -> Value:
    """Divide each row by its `l1`, `l2` or `max` norm, or by 1 where that is zero."""
    if norm == "l2":
        norms = (value * value).reduce("Sum", keepdims=True).apply("Sqrt")
    elif norm in {"l1", "max"}:
        norms = value.apply("Abs").reduce("Sum" if norm == "l1" else "Max", keepdims=True)
    else:
        raise CannotLower(f"norm {norm!r} is not known")
    return value / value.graph.where(norms.equals(0.0), 1.0, norms)


@lowers("sklearn.Binarizer")
def binarizer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower x > threshold."""
    threshold = float(np.float32(model.threshold)) if frame.single else float(model.threshold)
    value = (checked(frame, lowerer) > threshold).cast(np.float64)
    return alike(frame, value)


@lowers("sklearn.PowerTransformer")
def power_transformer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower Yeo-Johnson and Box-Cox with their fitted exponents, then the standard scaler inside."""
    value = checked(frame, lowerer, allow_nan=True)
    powers = np.asarray(model.lambdas_, dtype=np.float64)
    if model.method == "box-cox":
        lowerer.refuse(value <= 0.0)
        changed = _power(value.apply("Log"), powers, np.abs(powers) < _NO_POWER)
    elif model.method == "yeo-johnson":
        changed = _yeo_johnson(value, powers)
    else:
        raise CannotLower(f"PowerTransformer has the method {model.method!r}, which is not known")
    result = alike(frame, changed)
    return standard_scaler(model._scaler, result, lowerer) if model.standardize else result  # noqa: SLF001


_NO_POWER = 1e-200
"""Below this |λ|, (x^λ - 1) / λ is log x to the last bit."""


def _yeo_johnson(x: Value, powers: NDArray[np.float64]) -> Value:
    """Compute the transform of Yeo and Johnson (2000): a Box-Cox of 1 + |x|, with λ for x ≥ 0, else 2 - λ."""
    graph = x.graph
    logarithm = log1p(x.apply("Abs"))
    tiny = np.finfo(np.float64).eps
    above = _power(logarithm, powers, np.abs(powers) < tiny)
    below = _power(logarithm, 2.0 - powers, np.abs(powers - 2.0) <= tiny)
    return graph.where(x >= 0.0, above, -below)


def _power(logarithm: Value, powers: NDArray[np.float64], none: NDArray[np.bool_]) -> Value:
    """Compute expm1(λ · log) / λ, which is the logarithm itself for the columns in `none`."""
    safe = np.where(none, 1.0, powers)
    result = expm1(logarithm * safe) / safe
    if not none.any():
        return result
    return logarithm.graph.where(logarithm.graph.constant(none), logarithm, result)


def _constants(values: Any, *, single: bool = False) -> NDArray[np.float64]:
    """Read fitted constants; `single` rounds them as the original does before it uses them on float32."""
    return np.asarray(values, dtype=np.float32 if single else np.float64).astype(np.float64)


def _divided(frame: Frame, value: Value, scale: NDArray[np.float64]) -> Value:
    result = value * (1.0 / scale) if frame.sparse else value / scale
    return held(result, single=frame.single)
