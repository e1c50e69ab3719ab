"""B-splines of columns, as polynomials between knots."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame, held
from hythe.compile.lowering.intervals import intervals
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.scaling import checked

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Pieces:
    """One column: piece i, between `edges`, is the sum of `powers[p, i]` · (x - `origins[i]`)^p over p.

    `powers` is [degree + 1, pieces, splines].
    """

    edges: Numbers
    origins: Numbers
    powers: Numbers


@lowers("sklearn.SplineTransformer")
def spline_transformer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower each basis function to a polynomial around the knot on its left, looked up by interval."""
    zeros = getattr(model, "handle_missing", "error") == "zeros"
    value = frame.numbers().cast(np.float64) if zeros else checked(frame, lowerer)
    pieces = [_pieces(model, spline) for spline in model.bsplines_]
    if model.extrapolation == "periodic":
        value = _wrapped(value, model.bsplines_)
    elif model.extrapolation == "error":
        low = np.array([spline.t[spline.k] for spline in model.bsplines_])
        high = np.array([spline.t[-spline.k - 1] for spline in model.bsplines_])
        lowerer.refuse((value < low) | (value > high))
    kept = pieces[0].powers.shape[2] - (0 if model.include_bias else 1)
    basis = _evaluated(value, pieces, kept)
    if zeros:
        basis = value.graph.where(value.is_nan().reshape(-1, frame.width, 1), 0.0, basis)
    flat = held(basis.reshape(-1, frame.width * kept), single=frame.single)
    sparse = bool(getattr(model, "sparse_output", False))
    return Frame.of(flat, frame.width * kept, single=frame.single, sparse=sparse)


def _evaluated(value: Value, pieces: list[_Pieces], kept: int) -> Value:
    """Evaluate all columns by Horner's rule, [rows, columns, kept]."""
    graph = value.graph
    counts = np.array([own.origins.size for own in pieces])
    index = intervals(value, [own.edges for own in pieces]) + (np.cumsum(counts) - counts)
    origins = np.concatenate([own.origins for own in pieces])
    offset = value - graph.op("Gather", origins, index, dtype=np.float64, axis=0)
    offset = offset.reshape(-1, len(pieces), 1)
    powers = np.concatenate([own.powers for own in pieces], axis=1)[:, :, :kept]
    total: Value | None = None
    for power in powers[::-1]:
        term = graph.op("Gather", power, index, dtype=np.float64, axis=0)
        total = term if total is None else total * offset + term
    if total is None:
        raise CannotLower("a spline has no degree")
    return total


def _pieces(model: Any, spline: Any) -> _Pieces:
    degree, knots = int(spline.k), np.asarray(spline.t, dtype=np.float64)
    origins = knots[degree : -degree - 1]
    powers = np.stack([spline(origins, nu=p) / factorial(p) for p in range(degree + 1)])
    inside = _Pieces(origins[1:], origins, powers)
    if model.extrapolation not in {"constant", "linear"}:
        return inside
    if degree == 0 or (degree == 1 and model.extrapolation == "linear" and len(model.bsplines_) > 1):
        message = f"SplineTransformer of degree {degree} with extrapolation={model.extrapolation!r}"
        raise CannotLower(f"{message} goes by another column's degree; use degree 2 or more")
    low, high = knots[degree], knots[-degree - 1]
    reach = degree if model.extrapolation == "constant" else max(degree, 2)
    before, after = (np.zeros((degree + 1, 1, powers.shape[2])) for _ in range(2))
    for p in range(1 if model.extrapolation == "constant" else 2):
        before[p, 0, :reach] = spline(low, nu=p)[:reach]
        after[p, 0, -reach:] = spline(high, nu=p)[-reach:]
    return _Pieces(
        np.concatenate([[low], inside.edges, [np.nextafter(high, np.inf)]]),
        np.concatenate([[low], origins, [high]]),
        np.concatenate([before, powers, after], axis=1),
    )


def _wrapped(value: Value, splines: Any) -> Value:
    """Bring values into the one period that the knots span, as Python's `%` does."""
    first = np.array([spline.t[spline.k] for spline in splines])
    period = np.array([spline.t[spline.t.size - spline.k - 1] for spline in splines]) - first
    flat = period <= 0.0
    safe = np.where(flat, 1.0, period)
    graph = value.graph
    rest = graph.op("Mod", value - first, graph.constant(safe), fmod=1)
    rest = graph.where(rest < 0.0, rest + safe, rest)
    wrapped = rest + first
    return graph.where(graph.constant(flat), value * 0.0, wrapped) if flat.any() else wrapped
