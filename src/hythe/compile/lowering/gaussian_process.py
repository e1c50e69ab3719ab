"""Gaussian processes: composed kernels, the posterior mean, and Laplace's probabilities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.error_function import erf
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.kernels import Points, pairwise_kernel, power, squared_distances
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, Regressed, Result
from hythe.compile.lowering.scores import finite_doubles, paired

_LAMBDAS = np.array([0.41, 0.4, 0.37, 0.44, 0.39])
_WEIGHTS = np.array([-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654])
"""Five error functions that make a sigmoid: Williams and Barber (1998), appendix A."""


@lowers("sklearn.GaussianProcessRegressor")
def regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the posterior mean (Rasmussen and Williams, algorithm 2.1, line 4)."""
    points = np.asarray(model.X_train_, dtype=np.float64)
    kernel = covariance(model.kernel_, finite_doubles(frame, lowerer), points, lowerer)
    spread, centre = np.asarray(model._y_train_std), np.asarray(model._y_train_mean)  # noqa: SLF001 - fitted
    weights = np.asarray(model.alpha_ * spread, dtype=np.float64)
    mean = kernel @ weights + centre
    return Regressed(mean.column(0) if weights.ndim > 1 and weights.shape[1] == 1 else mean)


@lowers("sklearn.GaussianProcessClassifier")
def classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower the binary process, or those of one against rest or one against one."""
    result = lowerer.predict(model.base_estimator_, frame)
    if isinstance(result, Classified) and model.n_classes_ > 2 and model.multi_class == "one_vs_one":  # noqa: PLR2004 - two
        raise CannotLower("GaussianProcessClassifier(multi_class='one_vs_one') raises in predict_proba")
    return result


@lowers("sklearn._BinaryGaussianProcessClassifierLaplace")
def binary_classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the posterior mode and its averaged probability (the same, algorithm 3.2)."""
    values = finite_doubles(frame, lowerer)
    points = np.asarray(model.X_train_, dtype=np.float64)
    kernel = covariance(model.kernel_, values, points, lowerer)
    mean = kernel @ (model.y_train_ - model.pi_)
    root = np.linalg.solve(model.L_, np.diag(model.W_sr_))
    variance = diagonal(model.kernel_, values) - (kernel @ root.T).reduce("SumSquare")
    index = (mean > 0.0).cast(np.int64)
    return Classified(index, model.classes_, paired(_averaged_sigmoid(mean, variance)))


def _averaged_sigmoid(mean: Value, variance: Value) -> Value:
    """Average the sigmoid over a normal latent value, in the original's steps."""
    spread = variance.reshape(-1, 1)
    precision = 1.0 / (spread * 2.0)
    slope = mean.reshape(-1, 1) * _LAMBDAS
    errors = erf(slope * (precision / (precision + _LAMBDAS**2)).apply("Sqrt"))
    scale = (np.pi / precision).apply("Sqrt") / ((spread * 2.0 * np.pi).apply("Sqrt") * 2.0)
    return (errors * scale * _WEIGHTS).reduce("Sum") + 0.5 * float(_WEIGHTS.sum())


def covariance(kernel: Any, values: Value, points: Points, lowerer: Lowerer) -> Value:
    """Lower a kernel object: [rows, points].

    Raises:
        CannotLower: for a kernel class, or a setting of one, that has no lowering.

    """
    kind = _kind(kernel)
    if kind in {"Sum", "Product"}:
        left = covariance(kernel.k1, values, points, lowerer)
        right = covariance(kernel.k2, values, points, lowerer)
        return left + right if kind == "Sum" else left * right
    if kind == "Exponentiation":
        return power(covariance(kernel.kernel, values, points, lowerer), float(kernel.exponent))
    if kind in {"ConstantKernel", "WhiteKernel"}:
        nothing = values.columns([0]) * np.zeros(len(points))
        return nothing + float(kernel.constant_value) if kind == "ConstantKernel" else nothing
    if kind == "DotProduct":
        return values @ points.T + float(kernel.sigma_0) ** 2
    if kind == "PairwiseKernel":
        if not isinstance(kernel.metric, str):
            raise CannotLower(f"PairwiseKernel(metric={kernel.metric!r}) runs Python")
        settings = {"gamma": kernel.gamma, **(kernel.pairwise_kernels_kwargs or {})}
        return pairwise_kernel(kernel.metric, values, points, lowerer, **settings)
    return _stationary(kernel, kind, values, points)


def diagonal(kernel: Any, values: Value) -> Value:
    """Lower the kernel of each row with itself: [rows]."""
    kind = _kind(kernel)
    if kind in {"Sum", "Product"}:
        left, right = diagonal(kernel.k1, values), diagonal(kernel.k2, values)
        return left + right if kind == "Sum" else left * right
    if kind == "Exponentiation":
        return power(diagonal(kernel.kernel, values), float(kernel.exponent))
    if kind == "DotProduct":
        return values.reduce("SumSquare") + float(kernel.sigma_0) ** 2
    if kind == "PairwiseKernel":
        raise CannotLower("PairwiseKernel has no lowering of its diagonal")
    ones = values.column(0) * 0.0 + 1.0
    if kind == "ConstantKernel":
        return ones * float(kernel.constant_value)
    return ones * float(kernel.noise_level) if kind == "WhiteKernel" else ones


def _stationary(kernel: Any, kind: str, values: Value, points: Points) -> Value:
    """Lower the kernels of a distance, squared differences summed as `scipy.spatial.distance.cdist` does."""
    if kind in {"RBF", "Matern"}:
        scale = np.asarray(kernel.length_scale, dtype=np.float64).reshape(-1)
        squared = squared_distances(values / scale, points / scale)
        return (squared * -0.5).apply("Exp") if kind == "RBF" else _matern(float(kernel.nu), squared)
    squared = squared_distances(values, points)
    if kind == "RationalQuadratic":
        alpha = float(kernel.alpha)
        return (squared / (2.0 * alpha * float(kernel.length_scale) ** 2) + 1.0) ** -alpha
    if kind == "ExpSineSquared":
        wave = (squared.apply("Sqrt") * np.pi / float(kernel.periodicity)).apply("Sin") / float(
            kernel.length_scale
        )
        return (wave * wave * -2.0).apply("Exp")
    raise CannotLower(f"the kernel {kind} has no lowering")


def _matern(nu: float, squared: Value) -> Value:
    distance = squared.apply("Sqrt")
    if nu == 0.5:  # noqa: PLR2004 - the exponential kernel
        return (-distance).apply("Exp")
    if nu == 1.5:  # noqa: PLR2004 - once differentiable
        scaled = distance * math.sqrt(3.0)
        return (scaled + 1.0) * (-scaled).apply("Exp")
    if nu == 2.5:  # noqa: PLR2004 - twice differentiable
        scaled = distance * math.sqrt(5.0)
        return (scaled + 1.0 + scaled * scaled / 3.0) * (-scaled).apply("Exp")
    if nu == np.inf:
        return (squared * -0.5).apply("Exp")
    raise CannotLower(f"Matern(nu={nu}) needs a Bessel function; 0.5, 1.5, 2.5 and inf are lowered")


def _kind(kernel: Any) -> str:
    """Give the class name of one of scikit-learn's own kernels; a subclass of a user's is none of them."""
    kind = type(kernel)
    return (
        str(kind.__name__)
        if kind.__module__ == "sklearn.gaussian_process.kernels"
        else f"of {kind.__module__}"
    )
