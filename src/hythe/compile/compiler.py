"""From a fitted model to a variant: walk, name the outputs, build the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hythe.bundle.schema import Scalar, Schema
from hythe.bundle.variant import REFUSED, Variant
from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame
from hythe.compile.lowering.lowerer import Lowerer
from hythe.compile.lowering.results import Classified, Detected, MultiClassified, Regressed, Result
from hythe.compile.passthrough import as_graph, passed_through

Labels = dict[str, tuple[tuple[Scalar, ...], ...]]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A graph and its layout, not yet proven."""

    graph: bytes
    variant: Variant


def compile_model(model: Any, schema: Schema) -> Compiled:
    """Lower `model` to one ONNX graph with exactly the outputs that the schema names.

    Raises:
        CannotLower: with the reason, when there is no exact lowering.

    """
    graph = as_graph(model)
    if graph is not None:
        return Compiled(graph.SerializeToString(deterministic=True), passed_through(graph, schema))
    lowerer = Lowerer(schema)
    result = lowerer.lower(model, lowerer.start())
    values, labels = named_outputs(result)
    wanted = [output.name for output in schema.outputs]
    missing = [name for name in wanted if name not in values]
    if missing:
        raise CannotLower(f"the lowering of {type(model).__name__} does not give {', '.join(missing)}")
    outputs: dict[str, Value] = {name: values[name] for name in wanted}
    refused = lowerer.refused()
    if refused is not None:
        outputs[REFUSED] = refused
    proto = lowerer.graph.build(outputs)
    variant = Variant(
        feed=lowerer.feed(),
        outputs=tuple(wanted),
        labels={name: classes for name, classes in labels.items() if name in wanted},
        guarded=refused is not None,
    )
    return Compiled(proto.SerializeToString(deterministic=True), variant)


def named_outputs(result: Result | Frame) -> tuple[Mapping[str, Value], Labels]:
    """Give a lowered result the names of the schema's outputs, and the classes of its labels."""
    if isinstance(result, Frame):
        return {"value": result.numbers()}, {}
    if isinstance(result, Regressed):
        return {"value": result.value}, {}
    if isinstance(result, Detected):
        return _detected(result)
    if isinstance(result, MultiClassified):
        return _multi_classified(result)
    return _classified(result), {"label": (scalars(result.classes),)}


def scalars(classes: Any) -> tuple[Scalar, ...]:
    """Write an array of classes as plain Python values."""
    return tuple(np.asarray(classes).tolist())


def _classified(result: Classified) -> dict[str, Value]:
    values = {"label": result.index}
    if result.probabilities is not None:
        values["probabilities"] = result.probabilities if result.quick is None else result.quick
    if result.decision is not None:
        values["decision"] = result.decision
    return values


def _detected(result: Detected) -> tuple[dict[str, Value], Labels]:
    values = {"label": result.inlier.cast(np.int64)}
    if result.score is not None:
        values["score"] = result.score
    return values, {"label": ((-1, 1),)}


def _multi_classified(result: MultiClassified) -> tuple[dict[str, Value], Labels]:
    targets = result.targets
    graph = targets[0].index.graph
    values = {"label": graph.concat([target.index.reshape(-1, 1) for target in targets])}
    for position, target in enumerate(targets):
        if target.probabilities is not None:
            values[f"probabilities_{position}"] = target.probabilities
    if result.probabilities is not None:
        values["probabilities"] = result.probabilities
    if result.decision is not None:
        values["decision"] = result.decision
    return values, {"label": tuple(scalars(target.classes) for target in targets)}
