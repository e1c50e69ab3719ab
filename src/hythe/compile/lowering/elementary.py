"""Elementary functions that ONNX lacks, or lacks in double precision, to a few units in the last place."""

from __future__ import annotations

import numpy as np

from hythe.compile.graph import Operand, Value

_NDTRI_CENTRE = (
    (-5.99633501014107895267e1, 9.80010754185999661536e1, -5.66762857469070293439e1,
     1.39312609387279679503e1, -1.23916583867381258016e0),
    (1.0, 1.95448858338141759834e0, 4.67627912898881538453e0, 8.63602421390890590575e1,
     -2.25462687854119370527e2, 2.00260212380060660359e2, -8.20372256168333339912e1,
     1.59056225126211695515e1, -1.18331621121330003142e0),
)  # fmt: skip
_NDTRI_TAIL = (
    (4.05544892305962419923e0, 3.15251094599893866154e1, 5.71628192246421288162e1, 4.40805073893200834700e1,
     1.46849561928858024014e1, 2.18663306850790267539e0, -1.40256079171354495875e-1,
     -3.50424626827848203418e-2, -8.57456785154685413611e-4),
    (1.0, 1.57799883256466749731e1, 4.53907635128879210584e1, 4.13172038254672030440e1,
     1.50425385692907503408e1, 2.50464946208309415979e0, -1.42182922854787788574e-1,
     -3.80806407691578277194e-2, -9.33259480895457427372e-4),
)  # fmt: skip
_NDTRI_FAR_TAIL = (
    (3.23774891776946035970e0, 6.91522889068984211695e0, 3.93881025292474443415e0, 1.33303460815807542389e0,
     2.01485389549179081538e-1, 1.23716634817820021358e-2, 3.01581553508235416007e-4,
     2.65806974686737550832e-6, 6.23974539184983293730e-9),
    (1.0, 6.02427039364742014255e0, 3.67983563856160859403e0, 1.37702099489081330271e0,
     2.16236993594496635890e-1, 1.34204006088543189037e-2, 3.28014464682127739104e-4,
     2.89247864745380683936e-6, 6.79019408009981274425e-9),
)  # fmt: skip
_FAR = 8.0
"""From here on sqrt(-2 log p) takes the coefficients of the far tail."""
_LOG_2 = 0.6931471805599453
_HYPERBOLIC_FAR = 20.0
"""From here on exp(-x) is lost beside exp(x)."""
_SQUARE_FAR = 1e10
"""From here on 1 is lost beside x²."""


def log1p(x: Value) -> Value:
    """Compute log(1 + x), exact near zero (W. Kahan's correction of the rounding in 1 + x)."""
    graph = x.graph
    total = x + 1.0
    ratio = graph.where(total.equals(x), 1.0, x / (total - 1.0))
    return graph.where(total.equals(1.0), x, total.apply("Log") * ratio)


def expm1(x: Value) -> Value:
    """Compute exp(x) - 1, exact near zero: 2 t / (1 - t) with t = tanh(x / 2)."""
    half = (x * 0.5).apply("Tanh")
    near = (half * 2.0) / (1.0 - half)
    return x.graph.where(x.apply("Abs") < 1.0, near, x.apply("Exp") - 1.0)


def sinh(x: Value) -> Value:
    """Compute the hyperbolic sine, exact near zero and up to where it overflows."""
    size = x.apply("Abs")
    grown = expm1(size)
    near = (grown + grown / (grown + 1.0)) * 0.5
    return sign(x) * x.graph.where(size > _HYPERBOLIC_FAR, (size - _LOG_2).apply("Exp"), near)


def cosh(x: Value) -> Value:
    """Compute the hyperbolic cosine up to where it overflows."""
    size = x.apply("Abs")
    near = (size.apply("Exp") + (-size).apply("Exp")) * 0.5
    return x.graph.where(size > _HYPERBOLIC_FAR, (size - _LOG_2).apply("Exp"), near)


def arcsinh(x: Value) -> Value:
    """Compute the inverse hyperbolic sine, exact near zero and far out."""
    size = x.apply("Abs")
    square = size * size
    near = log1p(size + square / ((square + 1.0).apply("Sqrt") + 1.0))
    return sign(x) * x.graph.where(size > _SQUARE_FAR, size.apply("Log") + _LOG_2, near)


def arccosh(x: Value) -> Value:
    """Compute the inverse hyperbolic cosine, exact near one and far out; NaN below one."""
    beyond = x - 1.0
    near = log1p(beyond + (beyond * (beyond + 2.0)).apply("Sqrt"))
    return x.graph.where(x > _SQUARE_FAR, x.apply("Log") + _LOG_2, near)


def arctanh(x: Value) -> Value:
    """Compute the inverse hyperbolic tangent; infinite at one, NaN beyond."""
    size = x.apply("Abs")
    return sign(x) * log1p((size * 2.0) / (1.0 - size)) * 0.5


def sign(x: Value) -> Value:
    """Compute the sign; that of NaN is NaN."""
    return x.graph.where(x.is_nan(), x, x.apply("Sign"))


def clip(x: Value, low: Operand, high: Operand) -> Value:
    """Bound to `low` and `high`, each a number or one for each column; NaN stays NaN."""
    graph = x.graph
    low, high = graph.operand(low, x.dtype), graph.operand(high, x.dtype)
    bounded = graph.where(x < low, low, x)
    return graph.where(bounded > high, high, bounded)


def normal_quantile(p: Value) -> Value:
    """Compute the quantile function of the standard normal distribution.

    Source: S. L. Moshier, Cephes Mathematical Library, `ndtri`: rational functions of p near one half and of
    sqrt(-2 log p) in the tails; scipy's `norm.ppf` is the same.
    """
    graph = p.graph
    upper = p > 1.0 - np.exp(-2.0)
    y = graph.where(upper, 1.0 - p, p)
    middle = y - 0.5
    square = middle * middle
    centre = (middle + middle * (square * _ratio(square, _NDTRI_CENTRE))) * np.sqrt(2.0 * np.pi)
    x = (y.apply("Log") * -2.0).apply("Sqrt")
    z = 1.0 / x
    tail = graph.where(x < _FAR, z * _ratio(z, _NDTRI_TAIL), z * _ratio(z, _NDTRI_FAR_TAIL))
    far = (x - x.apply("Log") / x) - tail
    edge = graph.where(upper, far, -far)
    inner = graph.where(y > np.exp(-2.0), centre, edge)
    ends = graph.where(p.equals(1.0), np.inf, inner)
    return graph.where(p.equals(0.0), -np.inf, ends)


def _ratio(x: Value, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Value:
    above, below = coefficients
    return _polynomial(x, above) / _polynomial(x, below)


def _polynomial(x: Value, coefficients: tuple[float, ...]) -> Value:
    """Evaluate by Horner's rule; the first coefficient is of the highest power."""
    total = x * coefficients[0] + coefficients[1]
    for coefficient in coefficients[2:]:
        total = total * x + coefficient
    return total
