"""From raw scores of trees to answers: the links of scikit-learn's losses, and where a score tips a label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower

_Float = TypeVar("_Float", np.float32, np.float64)


def least_true(test: Callable[[_Float], bool], low: _Float, high: _Float) -> _Float:
    """Find the least float above `low`, where `test` fails, from which on it holds, as it does at `high`.

    A label that hangs on a rounded function of a score is decided by the score itself, so that another
    implementation's rounding cannot tip it.

    >>> float(least_true(lambda x: bool(1.0 + x > 1.0), np.float64(0.0), np.float64(1.0)))
    1.1102230246251568e-16
    """
    while low < (middle := low + (high - low) / 2) < high:
        low, high = (low, middle) if test(middle) else (middle, high)
    return high


def pair_of_sigmoids(raw: Value) -> Value:
    """Give the probabilities [rows, 2] of two classes, from the score [rows, 1] of the second."""
    return (raw @ np.array([[-1.0, 1.0]])).apply("Sigmoid")


def probabilities(raw: Value, link: Any) -> Value:
    """Give the probabilities [rows, classes] of a classifier's raw scores [rows, 1 or classes]."""
    name = type(link).__name__
    if name == "LogitLink":
        return pair_of_sigmoids(raw)
    if name == "HalfLogitLink":
        return pair_of_sigmoids(raw * 2.0)
    if name == "MultinomialLogit":
        return raw.apply("Softmax", axis=1)
    raise CannotLower(f"a classifier with the link {name} has no lowering")


def expectation(raw: Value, link: Any) -> Value:
    """Give the value [rows] that a regressor answers for its raw score [rows]."""
    name = type(link).__name__
    if name == "IdentityLink":
        return raw
    if name == "LogLink":
        return raw.apply("Exp")
    raise CannotLower(f"a regressor with the link {name} has no lowering")
