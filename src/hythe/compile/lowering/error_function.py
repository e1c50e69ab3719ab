"""The error function in float64, for which ONNX Runtime has no kernel.

W. J. Cody, "Rational Chebyshev Approximation for the Error Function", Mathematics of Computation 23 (1969):
a quotient near zero, and exp(-x²) times a quotient further out.
"""

from __future__ import annotations

import numpy as np

from hythe.compile.graph import Value

_NEAR = 0.5
_FAR = 6.0
"""Beyond it, one minus the error function is below 1e-16."""
_NEAR_P = np.array(
    [
        3.20937758913846947e03,
        3.77485237685302021e02,
        1.13864154151050156e02,
        3.16112374387056560e00,
        1.85777706184603153e-01,
    ]
)
_NEAR_Q = np.array(
    [2.84423683343917062e03, 1.28261652607737228e03, 2.44024637934444173e02, 2.36012909523441209e01, 1.0]
)
_FAR_P = np.array(
    [
        1.23033935479799725e03,
        2.05107837782607147e03,
        1.71204761263407058e03,
        8.81952221241769090e02,
        2.98635138197400131e02,
        6.61191906371416295e01,
        8.88314979438837594e00,
        5.64188496988670089e-01,
        2.15311535474403846e-08,
    ]
)
_FAR_Q = np.array(
    [
        1.23033935480374942e03,
        3.43936767414372164e03,
        4.36261909014324716e03,
        3.29079923573345963e03,
        1.62138957456669019e03,
        5.37181101862009858e02,
        1.17693950891312499e02,
        1.57449261107098347e01,
        1.0,
    ]
)


def erf(values: Value) -> Value:
    """Compute the error function to 1e-15; the shape stays."""
    graph = values.graph
    size = graph.op("Min", values.apply("Abs"), np.asarray(_FAR))
    square = size * size
    near = size * _quotient(square, _NEAR_P, _NEAR_Q)
    far = 1.0 - (-square).apply("Exp") * _quotient(size, _FAR_P, _FAR_Q)
    return graph.where(size < _NEAR, near, far) * values.apply("Sign")


def _quotient(at: Value, above: np.ndarray, below: np.ndarray) -> Value:
    return _polynomial(at, above) / _polynomial(at, below)


def _polynomial(at: Value, coefficients: np.ndarray) -> Value:
    """Evaluate by Horner's rule; coefficients run from the constant up."""
    total = at * float(coefficients[-1]) + float(coefficients[-2])
    for coefficient in coefficients[-3::-1]:
        total = total * at + float(coefficient)
    return total
