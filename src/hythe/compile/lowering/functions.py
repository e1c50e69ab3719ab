"""FunctionTransformer with numpy's well-known functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.elementary import (
    arccosh,
    arcsinh,
    arctanh,
    clip,
    cosh,
    expm1,
    log1p,
    sign,
    sinh,
)
from hythe.compile.lowering.frame import CannotLower, Frame, Numbers, held
from hythe.compile.lowering.lowerer import Lowerer, lowers

_LARGEST = float(np.finfo(np.float64).max)
_WIDE_INTEGERS = {"int32", "int64", "uint32", "uint64"}


@dataclass(frozen=True, slots=True)
class _Known:
    """How to compute a function; `real` when integers give float64, `plain` when they stay themselves."""

    compute: Callable[[Value], Value]
    real: bool = True
    plain: bool = False


def _known() -> Mapping[Any, _Known]:
    return {
        np.abs: _Known(lambda x: x.apply("Abs"), real=False, plain=True),
        np.fabs: _Known(lambda x: x.apply("Abs")),
        np.arccosh: _Known(arccosh),
        np.arcsinh: _Known(arcsinh),
        np.arctanh: _Known(arctanh),
        np.cbrt: _Known(lambda x: sign(x) * (x.apply("Abs") ** (1.0 / 3.0))),
        np.ceil: _Known(lambda x: x.apply("Ceil"), real=False, plain=True),
        np.cos: _Known(lambda x: x.apply("Cos")),
        np.cosh: _Known(cosh),
        np.deg2rad: _Known(lambda x: x * (np.pi / 180.0)),
        np.exp: _Known(lambda x: x.apply("Exp")),
        np.exp2: _Known(lambda x: x.graph.constant(2.0, x.dtype) ** x),
        np.expm1: _Known(expm1),
        np.floor: _Known(lambda x: x.apply("Floor"), real=False, plain=True),
        np.log: _Known(lambda x: x.apply("Log")),
        np.log10: _Known(lambda x: x.apply("Log") / np.log(10.0)),
        np.log1p: _Known(log1p),
        np.log2: _Known(lambda x: x.apply("Log") / np.log(2.0)),
        np.nan_to_num: _Known(_nan_to_num, real=False, plain=True),
        np.negative: _Known(lambda x: -x, real=False),
        np.positive: _Known(lambda x: x, real=False, plain=True),
        np.rad2deg: _Known(lambda x: x * (180.0 / np.pi)),
        np.reciprocal: _Known(lambda x: 1.0 / x, real=False),
        np.rint: _Known(lambda x: x.apply("Round"), real=False, plain=True),
        np.sign: _Known(sign, real=False, plain=True),
        np.sin: _Known(lambda x: x.apply("Sin")),
        np.sinh: _Known(sinh),
        np.sqrt: _Known(lambda x: x.apply("Sqrt")),
        np.square: _Known(lambda x: x * x, real=False),
        np.tan: _Known(lambda x: x.apply("Sin") / x.apply("Cos")),
        np.tanh: _Known(lambda x: x.apply("Tanh")),
        np.trunc: _Known(lambda x: sign(x) * x.apply("Abs").apply("Floor"), real=False, plain=True),
    }


@lowers("sklearn.FunctionTransformer")
def function_transformer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the identity and numpy's own functions; any other is a program that is not looked into."""
    if model.validate:
        lowerer.refuse_not_finite(frame.numbers())
    if model.func is None:
        return frame
    known = _find(model.func)
    if known is None or model.kw_args:
        raise CannotLower(
            f"FunctionTransformer calls {_name(model.func)}{_arguments(model)}, which is not known"
        )
    for index in range(frame.width):
        _check_integers(frame, index, known, model, lowerer)
    value = held(known.compute(frame.numbers()), single=frame.single)
    names = None if model.func is np.nan_to_num else frame.names
    return Frame.of(value, frame.width, names, single=frame.single, sparse=frame.sparse)


def computed(function: Any) -> Callable[[Value], Value] | None:
    """Give how to compute a function of numpy on float64; None when it is none of those known."""
    known = _find(function)
    return None if known is None else known.compute


def _find(function: Any) -> _Known | None:
    try:
        return _known().get(function)
    except TypeError:
        return None


def _name(function: Any) -> str:
    module = getattr(function, "__module__", None) or "numpy"
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", repr(function))
    return f"{module}.{name}"


def _arguments(model: Any) -> str:
    return f" with {model.kw_args}" if model.kw_args else ""


def _check_integers(frame: Frame, index: int, known: _Known, model: Any, lowerer: Lowerer) -> None:
    """Refuse integers where numpy wraps around, or answers in float16 or float32."""
    part = frame.column(index)
    column = lowerer.raw(part)
    if not isinstance(part, Numbers) or column is None or column.type.startswith("float"):
        return
    if column.nullable and column.type != "bool":
        return
    wide = column.type in _WIDE_INTEGERS
    if not (wide and (known.real or known.plain)):
        raise CannotLower(
            f"FunctionTransformer calls {_name(model.func)} on column {column.name!r} of {column.type}, "
            "where numpy wraps around or answers in half precision; convert the column to float64"
        )


def _nan_to_num(x: Value) -> Value:
    return clip(x.graph.where(x.is_nan(), 0.0, x), -_LARGEST, _LARGEST)
