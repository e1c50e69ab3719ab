"""Baselines that answer the same whatever the row, as long as that is not drawn by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame, Numbers
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.results import Classified, MultiClassified, Regressed, Result


@lowers("sklearn.DummyRegressor")
def regressor(model: Any, frame: Frame, lowerer: Lowerer) -> Regressed:
    """Lower the constant; nothing is refused, since the original does not look at its input."""
    constants = np.asarray(model.constant_, dtype=np.float64).reshape(-1)
    everywhere = same_for_all(constants, frame, lowerer)
    return Regressed(everywhere.column(0) if model.n_outputs_ == 1 else everywhere)


@lowers("sklearn.DummyClassifier")
def classifier(model: Any, frame: Frame, lowerer: Lowerer) -> Result:
    """Lower the strategies that always answer the same."""
    strategy = model._strategy  # noqa: SLF001 - what fit made of the setting
    if strategy not in {"most_frequent", "prior", "constant"}:
        raise CannotLower(f"DummyClassifier(strategy={strategy!r}) draws its answers by chance")
    if model.sparse_output_:
        raise CannotLower("DummyClassifier fitted on a sparse target answers a sparse matrix")
    if model.n_outputs_ == 1:
        constant = np.asarray(model.constant).reshape(-1)[0] if strategy == "constant" else None
        return _target(strategy, (model.classes_, model.class_prior_, constant), frame, lowerer)
    constants = np.ravel(model.constant) if strategy == "constant" else [None] * model.n_outputs_
    targets = zip(model.classes_, model.class_prior_, constants, strict=True)
    return MultiClassified(tuple(_target(strategy, target, frame, lowerer) for target in targets))


def same_for_all(values: NDArray[Any], frame: Frame, lowerer: Lowerer) -> Value:
    """Repeat a vector for each row: [rows, len(values)]."""
    part = frame.parts[0]
    shape_of = part.base if isinstance(part, Numbers) else lowerer.codes([part], [[]])[0]
    graph = frame.graph
    rows = graph.op("Shape", shape_of, dtype=np.int64, start=0, end=1)
    shape = graph.concat([rows, graph.constant([len(values)], np.int64)], axis=0)
    return graph.op("Expand", graph.constant(values[np.newaxis]), shape)


def _target(
    strategy: str, target: tuple[NDArray[Any], NDArray[np.float64], Any], frame: Frame, lowerer: Lowerer
) -> Classified:
    classes, prior, constant = target
    index = int(np.flatnonzero(classes == constant)[0]) if strategy == "constant" else int(prior.argmax())
    shares = np.asarray(prior, dtype=np.float64) if strategy == "prior" else np.eye(len(classes))[index]
    label = same_for_all(np.array([index], dtype=np.int64), frame, lowerer).column(0)
    return Classified(label, classes, same_for_all(shares, frame, lowerer))
