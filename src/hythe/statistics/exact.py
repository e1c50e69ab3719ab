"""Sums and products that do not depend on the order of the rows, nor on the machine's number of threads."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_DOUBLE_BITS = 53

Matrix = NDArray[np.float64]


def total(values: NDArray[np.float64]) -> float:
    """Sum as if with unlimited precision, rounded once (Shewchuk 1997, by `math.fsum`); infinite on overflow.

    >>> total(np.array([1e16, 1.0, -1e16]))
    1.0
    """
    try:
        return math.fsum(values.tolist())
    except OverflowError:
        return math.inf


def mean(values: NDArray[np.float64]) -> float:
    """Give the mean of finite values, from their exact sum."""
    return total(values) / len(values)


def gram(left: Matrix, right: Matrix) -> Matrix:
    """Multiply leftᵀ·right [rows, m], [rows, n] → [m, n], the same whatever the order of the rows.

    Each column is split into slices of so few bits that the slices' products and their sums are whole
    numbers below 2⁵³, which matrix multiplication gets exactly in any order (Ozaki, Ogita, Oishi, Rump 2012,
    "Error-free transformations of matrix multiplication"). The slices are then added in one fixed order.

    >>> gram(np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    bits = (_DOUBLE_BITS - max(1, math.ceil(math.log2(max(2, len(left)))))) // 2
    slices = math.ceil(_DOUBLE_BITS / bits)
    lefts, left_scale = _sliced(left, bits, slices)
    rights, right_scale = (lefts, left_scale) if right is left else _sliced(right, bits, slices)
    product = np.zeros((left.shape[1], right.shape[1]))
    for order in range(slices, -1, -1):
        for i in range(max(0, order - slices + 1), min(order, slices - 1) + 1):
            product += np.ldexp(lefts[i].T @ rights[order - i], -bits * (order + 2))
    whole: Matrix = np.ldexp(product, left_scale[:, None] + right_scale[None, :])
    return whole


def _sliced(columns: Matrix, bits: int, slices: int) -> tuple[list[Matrix], NDArray[np.intc]]:
    """Write each column as 2^scale · Σ slice_i · 2^(-bits·(i+1)), slices whole and of `bits` bits."""
    scale = np.frexp(np.abs(columns).max(axis=0, initial=0.0))[1]
    rest = np.ldexp(columns, -scale[None, :])
    parts: list[Matrix] = []
    for _ in range(slices):
        rest = np.ldexp(rest, bits)
        whole = np.rint(rest)
        parts.append(whole)
        rest = rest - whole
    return parts, scale
