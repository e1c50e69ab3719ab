"""Kernels and distances between rows and stored points: [rows, points] from [rows, features]."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower
from hythe.compile.lowering.lowerer import Lowerer
from hythe.compile.lowering.scores import affine

Points: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """The settings that shape a kernel."""

    gamma: float
    coef0: float
    degree: float


_BLOCK = 2048
"""Up to this many points times features the differences fit one tensor, at 16 kB a row."""
_FAR = 1e150
"""Rows further out have infinite squared distances from everything; so far out they are held, not beyond."""
_CENTRED = 1e6
"""Exponents up to this size keep an absolute error of 1e-9 through a matrix product."""


def pairwise_kernel(name: str, values: Value, points: Points, lowerer: Lowerer, **settings: Any) -> Value:
    """Lower `sklearn.metrics.pairwise.pairwise_kernels` by name; None stands for a setting's default.

    Raises:
        CannotLower: when there is no lowering for the kernel.

    """
    given = settings.get("gamma")
    gamma = 1.0 / points.shape[1] if given is None else float(given)
    coef0 = float(settings.get("coef0", 1.0))
    if name in {"chi2", "additive_chi2"}:
        lowerer.refuse(values < 0.0)
    made = _KERNELS.get(name)
    if made is None:
        raise CannotLower(f"the kernel {name!r} has no lowering")
    if name == "chi2" and given is None:
        gamma = 1.0
    return made(values, points, Shape(gamma, coef0, float(settings.get("degree", 3))))


def dot(values: Value, points: Points, gamma: float, coef0: float) -> Value:
    """Compute gamma * values @ points.T + coef0; gamma goes into the points, where no fusion rounds it."""
    return affine(values, gamma * points.T, np.full(len(points), coef0))


def power(base: Value, degree: float) -> Value:
    """Raise to a power; a small whole one becomes products."""
    if degree == 2:  # noqa: PLR2004 - a square
        return base * base
    if degree == 3:  # noqa: PLR2004 - a cube
        return base * base * base
    return base ** float(degree)


def gaussian(values: Value, points: Points, gamma: float) -> Value:
    """Compute exp(-gamma * squared distance).

    The matrix product is as exact as differences while the points lie close to their centre; where they do
    not, the differences are taken.
    """
    centre = points.mean(axis=0)
    offsets = points - centre
    spread = (offsets**2).sum(axis=1)
    if not gamma * spread.max(initial=0.0) <= _CENTRED:
        return (squared_distances(values, points) * -gamma).apply("Exp")
    graph = values.graph
    near = graph.op("Clip", values - centre, np.asarray(-_FAR), np.asarray(_FAR))
    cross = graph.op("Gemm", near, np.ascontiguousarray(2.0 * gamma * offsets.T), -gamma * spread)
    return (cross - near.reduce("SumSquare", keepdims=True) * gamma).apply("Exp")


def squared_distances(values: Value, points: Points) -> Value:
    """Sum the squared differences, feature by feature in their order, as loops in C do."""
    return accumulate(values, points, lambda d, _: d * d)


def manhattan(values: Value, points: Points) -> Value:
    """Sum the absolute differences, feature by feature in their order."""
    return accumulate(values, points, lambda d, _: d.apply("Abs"))


def chebyshev(values: Value, points: Points) -> Value:
    """Find the greatest absolute difference."""
    count = points.shape[1]
    graph = values.graph
    if points.size <= _BLOCK:
        return _differences(values, points).apply("Abs").reduce("Max", axis=2)
    return graph.op("Max", *[_difference(values, points, i).apply("Abs") for i in range(count)])


def accumulate(
    values: Value, points: Points, cell: Callable[[Value, Any], Value], settings: Points | None = None
) -> Value:
    """Sum `cell(difference, setting)` over the features, first to last; `settings` has one for each feature.

    The order makes the sums bit-equal to the original's, so that ties of distances stay ties.
    """
    count = points.shape[1]
    given = np.zeros(count) if settings is None else settings
    if points.size <= _BLOCK:
        sums = values.graph.op("CumSum", cell(_differences(values, points), given), np.asarray(2))
        return sums.column(count - 1, axis=2)
    total = cell(_difference(values, points, 0), float(given[0]))
    for i in range(1, count):
        total = total + cell(_difference(values, points, i), float(given[i]))
    return total


def cosine(values: Value, points: Points) -> Value:
    """Compute the cosine similarity; a row of zeros has none with anything."""
    norms = values.reduce("L2", keepdims=True)
    graph = values.graph
    unit = values / graph.where(norms.equals(0.0), 1.0, norms)
    lengths = np.sqrt((points**2).sum(axis=1, keepdims=True))
    return unit @ (points / np.where(lengths == 0.0, 1.0, lengths)).T


def additive_chi2(values: Value, points: Points) -> Value:
    """Compute minus the sum of (x - y)² / (x + y), terms of 0 / 0 left out."""
    graph = values.graph
    total: Value | None = None
    for i in range(points.shape[1]):
        column = values.columns([i])
        difference, whole = column - points[:, i], column + points[:, i]
        term = graph.where(whole.equals(0.0), 0.0, difference * difference / whole)
        total = term if total is None else total + term
    if total is None:
        raise CannotLower("there are no features between which a kernel could be taken")
    return -total


def _differences(values: Value, points: Points) -> Value:
    return values.reshape(-1, 1, points.shape[1]) - points[np.newaxis]


def _difference(values: Value, points: Points, feature: int) -> Value:
    return values.columns([feature]) - points[:, feature]


def brute_squared_distances(values: Value, points: Points) -> Value:
    """Compute |x|² - 2 x·y + |y|², by which scikit-learn's brute force finds neighbours, in its order.

    All three are summed first to last with one rounding a step, as BLAS does for short rows, so that a row's
    distance to itself is zero. The last norm is subtracted negated: ONNX Runtime fuses a product and a sum,
    and then adds in another order.
    """
    graph = values.graph
    count = points.shape[1]
    own = (values.reshape(-1, 1, count) @ values.reshape(-1, count, 1)).reshape(-1, 1)
    negated: Points = np.array([-np.dot(point, point) for point in points])
    total = (own + values @ (-2.0 * points.T)) - negated
    return graph.where(total > 0.0, total, 0.0)


def product_squared_distances(values: Value, points: Points) -> Value:
    """Compute squared distances from products and norms, as `euclidean_distances` does, in its order."""
    graph = values.graph
    own = values.reduce("SumSquare", keepdims=True)
    total = (values @ (-2.0 * points.T) + own) + (points**2).sum(axis=1)
    return graph.op("Max", total, np.asarray(0.0))


_KERNELS: Mapping[str, Callable[[Value, Points, Shape], Value]] = {
    "linear": lambda x, y, _: x @ y.T,
    "poly": lambda x, y, shape: power(dot(x, y, shape.gamma, shape.coef0), shape.degree),
    "polynomial": lambda x, y, shape: power(dot(x, y, shape.gamma, shape.coef0), shape.degree),
    "sigmoid": lambda x, y, shape: dot(x, y, shape.gamma, shape.coef0).apply("Tanh"),
    "rbf": lambda x, y, shape: gaussian(x, y, shape.gamma),
    "laplacian": lambda x, y, shape: (manhattan(x, y) * -shape.gamma).apply("Exp"),
    "cosine": lambda x, y, _: cosine(x, y),
    "additive_chi2": lambda x, y, _: additive_chi2(x, y),
    "chi2": lambda x, y, shape: (additive_chi2(x, y) * shape.gamma).apply("Exp"),
}
