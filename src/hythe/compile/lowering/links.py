"""From raw scores of boosted trees to answers, by the links of scikit-learn's losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower


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
