"""Repeat a step of a graph until a condition fails: the one place that writes ONNX subgraphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from onnx import GraphProto, helper

from hythe.compile.graph import Graph, Value

Step: TypeAlias = Callable[[Graph, list[Value]], tuple[Value, list[Value]]]


def repeat(
    graph: Graph, times: int, state: Sequence[Value], step: Step, *, when: Value | None = None
) -> list[Value]:
    """Apply `step` to `state` at most `times` times, and give the last state.

    `step(body, state)` builds in the graph `body` and returns whether to go on (bool, no axes) and the next
    state, of the same dtypes and shapes. It sees nothing but its state and constants. Where `when` (bool, no
    axes) is false, nothing is done, and nothing inside costs anything.
    """
    body = _Body(graph)
    entered = [body.input(f"{body.prefix}in{i}", value.dtype, None) for i, value in enumerate(state)]
    go_on, left = step(body, entered)
    dtypes = [value.dtype for value in state]
    limit = graph.constant(np.asarray(times, dtype=np.int64))
    start = graph.constant(np.asarray(True)) if when is None else when
    inside = body.subgraph(entered, go_on, left)
    return list(graph.ops("Loop", limit, start, *state, dtypes=dtypes, body=inside))


class _Body(Graph):
    """A graph whose names differ from those of the graph around it."""

    def __init__(self, outer: Graph) -> None:
        super().__init__()
        self.prefix = f"{outer._name('loop')}_"  # noqa: SLF001 - the outer graph counts its own names

    def _name(self, prefix: str) -> str:
        return self.prefix + super()._name(prefix)

    def subgraph(self, entered: Sequence[Value], go_on: Value, left: Sequence[Value]) -> GraphProto:
        outputs = {f"{self.prefix}go_on": go_on, **{f"{self.prefix}out{i}": v for i, v in enumerate(left)}}
        built = self.build(outputs).graph
        inputs = [
            _declared(f"{self.prefix}iteration", np.int64, []),
            _declared(f"{self.prefix}condition", np.bool_, []),
            *[_declared(value.name, value.dtype, None) for value in entered],
        ]
        return helper.make_graph(
            list(built.node), "body", inputs, list(built.output), list(built.initializer)
        )


def _declared(name: str, dtype: Any, shape: list[int] | None) -> Any:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
