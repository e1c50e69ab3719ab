"""Regressors of a transformed target: predict, then undo the transformation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.error_function import erf
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.functions import computed
from hythe.compile.lowering.isotonic import interpolated
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.responses import predicted
from hythe.compile.lowering.results import Regressed

_NORMAL_SLACK = 1e-7
"""`sklearn.preprocessing._data.BOUNDS_THRESHOLD`."""


@lowers("sklearn.TransformedTargetRegressor")
def transformed_target(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the regressor, then the inverse of its target's transformation."""
    values = predicted(model.regressor_, lowerer.predict(model.regressor_, frame))
    table = inverse(model.transformer_, _table(model, values), lowerer)
    single = model._training_dim == 1  # noqa: SLF001 - the shape of the target that fit saw
    return Regressed(table.column(0) if single else table)


def inverse(transformer: Any, values: Value, lowerer: Lowerer) -> Value:
    """Lower `inverse_transform` of [rows, targets].

    Raises:
        CannotLower: when there is no lowering for the transformer or its settings.

    """
    kind = type(transformer)
    if kind.__module__.partition(".")[0] != "sklearn" or kind.__name__ not in _INVERSES:
        raise CannotLower(f"the inverse of {kind.__name__} has no lowering")
    return _INVERSES[kind.__name__](transformer, values, lowerer)


def _table(model: Any, values: Value) -> Value:
    single = getattr(model.transformer_, "n_features_in_", None) == 1
    return values.reshape(-1, 1) if single else values


def _function(transformer: Any, values: Value, lowerer: Lowerer) -> Value:
    if transformer.validate:
        lowerer.refuse_not_finite(values)
    if transformer.inverse_func is None:
        return values
    compute = computed(transformer.inverse_func)
    if compute is None or transformer.inv_kw_args:
        raise CannotLower(f"inverse_func={transformer.inverse_func!r} runs Python")
    return compute(values)


def _standard(transformer: Any, values: Value, lowerer: Lowerer) -> Value:
    return _affine(values, transformer.scale_, transformer.mean_, lowerer)


def _robust(transformer: Any, values: Value, lowerer: Lowerer) -> Value:
    return _affine(values, transformer.scale_, transformer.center_, lowerer)


def _maximum(transformer: Any, values: Value, lowerer: Lowerer) -> Value:
    return _affine(values, transformer.scale_, None, lowerer)


def _range(transformer: Any, values: Value, lowerer: Lowerer) -> Value:
    lowerer.refuse_not_finite(values, allow_nan=True)
    return (values - np.asarray(transformer.min_)) / np.asarray(transformer.scale_)


def _affine(values: Value, scale: Any, shift: Any, lowerer: Lowerer) -> Value:
    lowerer.refuse_not_finite(values, allow_nan=True)
    scaled = values if scale is None else values * np.asarray(scale, dtype=np.float64)
    return scaled if shift is None else scaled + np.asarray(shift, dtype=np.float64)


def _power(transformer: Any, values: Value, lowerer: Lowerer) -> Value:
    if transformer.standardize:
        values = _standard(transformer._scaler, values, lowerer)  # noqa: SLF001 - fitted within
    else:
        lowerer.refuse_not_finite(values, allow_nan=True)
    undo = _yeo_johnson if transformer.method == "yeo-johnson" else _box_cox
    columns = [undo(values.columns([i]), float(power)) for i, power in enumerate(transformer.lambdas_)]
    return values.graph.concat(columns)


def _box_cox(values: Value, power: float) -> Value:
    if power == 0.0:
        return values.apply("Exp")
    return (values * power + 1.0) ** (1.0 / power)


def _yeo_johnson(values: Value, power: float) -> Value:
    graph = values.graph
    size = values.apply("Abs")
    if abs(power) < np.spacing(1.0):
        above = size.apply("Exp") - 1.0
    else:
        above = (size * power + 1.0) ** (1.0 / power) - 1.0
    if abs(power - 2.0) > np.spacing(1.0):
        below = 1.0 - (size * (2.0 - power) + 1.0) ** (1.0 / (2.0 - power))
    else:
        below = 1.0 - (-values).apply("Exp")
    return graph.where(values >= 0.0, above, below)


def _quantile(transformer: Any, values: Value, lowerer: Lowerer) -> Value:
    lowerer.refuse_not_finite(values, allow_nan=True)
    slack = 0.0
    shares = values
    if transformer.output_distribution == "normal":
        slack = _NORMAL_SLACK
        shares = (erf(values / np.sqrt(2.0)) + 1.0) * 0.5
    columns = [
        _share_to_value(shares.column(i), np.asarray(transformer.references_), quantiles, slack).reshape(
            -1, 1
        )
        for i, quantiles in enumerate(transformer.quantiles_.T)
    ]
    return values.graph.concat(columns)


def _share_to_value(
    shares: Value, references: NDArray[np.float64], quantiles: NDArray[np.float64], slack: float
) -> Value:
    """Interpolate [rows] between quantiles; shares within `slack` of 0 and 1 get the first and the last."""
    graph = shares.graph
    inside = interpolated(shares, references, quantiles)
    below = graph.where(shares - slack < 0.0, float(quantiles[0]), inside)
    within = graph.where(shares + slack > 1.0, float(quantiles[-1]), below)
    return graph.where(shares.is_nan(), shares, within)


def _steps(transformer: Any, values: Value, lowerer: Lowerer) -> Value:
    for _, step in reversed(transformer.steps):
        if step is not None and step != "passthrough":
            values = inverse(step, values, lowerer)
    return values


_INVERSES: Mapping[str, Callable[[Any, Value, Lowerer], Value]] = {
    "FunctionTransformer": _function,
    "StandardScaler": _standard,
    "RobustScaler": _robust,
    "MaxAbsScaler": _maximum,
    "MinMaxScaler": _range,
    "PowerTransformer": _power,
    "QuantileTransformer": _quantile,
    "Pipeline": _steps,
}
