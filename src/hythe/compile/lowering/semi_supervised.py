"""Label propagation over a kernel graph, and self-training."""

from __future__ import annotations

from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.kernels import pairwise_kernel
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.nearest import nearest, neighbour_rows
from hythe.compile.lowering.results import Classified, Result
from hythe.compile.lowering.scores import by_greatest, finite_doubles


@lowers("sklearn.LabelPropagation", "sklearn.LabelSpreading")
def label_propagation(model: Any, frame: Frame, lowerer: Lowerer) -> Classified:
    """Lower the mean of the propagated labels, weighed by kernel or taken over neighbours."""
    values = finite_doubles(frame, lowerer)
    weighed = _weighed(model, values, lowerer)
    shares = weighed / weighed.reduce("Sum", keepdims=True)
    return by_greatest(shares, model.classes_, probabilities=shares)


@lowers("sklearn.SelfTrainingClassifier")
def self_training(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower the classifier that was fitted last."""
    return lowerer.predict(model.estimator_, frame)


def _weighed(model: Any, values: Value, lowerer: Lowerer) -> Value:
    labels = np.asarray(model.label_distributions_, dtype=np.float64)
    if model.kernel == "rbf":
        points = np.asarray(model.X_, dtype=np.float64)
        return pairwise_kernel("rbf", values, points, lowerer, gamma=model.gamma) @ labels
    if model.kernel == "knn":
        indices = nearest(model.nn_fit, values, model.n_neighbors).indices
        return neighbour_rows(labels, indices).reduce("Sum", axis=1)
    raise CannotLower(f"{type(model).__name__}(kernel={model.kernel!r}) runs Python")
