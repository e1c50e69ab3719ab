"""A small builder of ONNX graphs that reads like numpy.

Every arithmetic operator keeps the dtype of its first operand, constants are shared, and what no output
needs is left out. Use only operators with a kernel for the dtype: ONNX Runtime on CPU has no float64 kernel
for Erf, Tan, Atan, Sinh, Cosh, Softplus, Elu, OneHot, NonZero or, outside `com.microsoft`, CDist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from onnx import AttributeProto, ModelProto, NodeProto, helper, numpy_helper

OPSET = 21
ML_OPSET = 5
IR_VERSION = 10

Operand: TypeAlias = "Value | float | int | bool | NDArray[Any]"


class Value:
    """A tensor in a graph under construction; `dtype` is known, the first axis is the row."""

    __array_ufunc__ = None  # numpy arrays on the left defer to us

    def __init__(self, graph: Graph, name: str, dtype: np.dtype[Any]) -> None:
        self.graph = graph
        self.name = name
        self.dtype = dtype

    def __repr__(self) -> str:
        return f"Value({self.name}, {self.dtype})"

    def _with(
        self, op: str, other: Operand, *, dtype: np.dtype[Any] | None = None, swap: bool = False
    ) -> Value:
        right = self.graph.operand(other, self.dtype)
        pair = (right, self) if swap else (self, right)
        return self.graph.op(op, *pair, dtype=dtype or self.dtype)

    def __add__(self, other: Operand) -> Value:
        return self._with("Add", other)

    def __radd__(self, other: Operand) -> Value:
        return self._with("Add", other, swap=True)

    def __sub__(self, other: Operand) -> Value:
        return self._with("Sub", other)

    def __rsub__(self, other: Operand) -> Value:
        return self._with("Sub", other, swap=True)

    def __mul__(self, other: Operand) -> Value:
        return self._with("Mul", other)

    def __rmul__(self, other: Operand) -> Value:
        return self._with("Mul", other, swap=True)

    def __truediv__(self, other: Operand) -> Value:
        return self._with("Div", other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self._with("Div", other, swap=True)

    def __pow__(self, other: Operand) -> Value:
        return self._with("Pow", other)

    def __matmul__(self, other: Operand) -> Value:
        return self._with("MatMul", other)

    def __rmatmul__(self, other: Operand) -> Value:
        return self._with("MatMul", other, swap=True)

    def __neg__(self) -> Value:
        return self.graph.op("Neg", self)

    def __lt__(self, other: Operand) -> Value:  # type: ignore[misc]
        return self._with("Less", other, dtype=_BOOL)

    def __le__(self, other: Operand) -> Value:  # type: ignore[misc]
        return self._with("LessOrEqual", other, dtype=_BOOL)

    def __gt__(self, other: Operand) -> Value:  # type: ignore[misc]
        return self._with("Greater", other, dtype=_BOOL)

    def __ge__(self, other: Operand) -> Value:  # type: ignore[misc]
        return self._with("GreaterOrEqual", other, dtype=_BOOL)

    def equals(self, other: Operand) -> Value:
        """Compare elementwise; `==` keeps its Python meaning so that values can be dictionary keys."""
        return self._with("Equal", other, dtype=_BOOL)

    def __and__(self, other: Operand) -> Value:
        return self._with("And", other)

    def __or__(self, other: Operand) -> Value:
        return self._with("Or", other)

    def __invert__(self) -> Value:
        return self.graph.op("Not", self)

    def cast(self, dtype: Any) -> Value:
        """Convert to a numpy dtype; nothing happens when it has it already."""
        target = np.dtype(dtype)
        if target == self.dtype:
            return self
        return self.graph.op("Cast", self, dtype=target, to=helper.np_dtype_to_tensor_dtype(target))

    def apply(self, op: str, **attributes: Any) -> Value:
        """Apply a unary operator that keeps the dtype: Exp, Log, Abs, Sqrt, Sigmoid, Tanh and the like."""
        return self.graph.op(op, self, **attributes)

    def is_nan(self) -> Value:
        """Mark the NaN cells."""
        return self.graph.op("IsNaN", self, dtype=_BOOL)

    def is_inf(self) -> Value:
        """Mark the infinite cells."""
        return self.graph.op("IsInf", self, dtype=_BOOL)

    def columns(self, indices: Sequence[int], axis: int = 1) -> Value:
        """Pick positions along `axis`, keeping the axis."""
        return self.graph.op("Gather", self, np.asarray(indices, dtype=np.int64), axis=axis)

    def column(self, index: int, axis: int = 1) -> Value:
        """Pick one position along `axis`, dropping the axis."""
        return self.graph.op("Gather", self, np.asarray(index, dtype=np.int64), axis=axis)

    def reshape(self, *shape: int) -> Value:
        """Reshape; -1 is inferred, 0 keeps that axis."""
        return self.graph.op("Reshape", self, np.asarray(shape, dtype=np.int64))

    def transpose(self, *axes: int) -> Value:
        """Permute the axes."""
        return self.graph.op("Transpose", self, perm=list(axes))

    def reduce(self, how: str, axis: int = 1, *, keepdims: bool = False) -> Value:
        """Reduce along `axis`: `how` is Sum, Max, Min, Mean, Prod, LogSumExp, L1, L2 or SumSquare."""
        axes = np.asarray([axis], dtype=np.int64)
        return self.graph.op(f"Reduce{how}", self, axes, keepdims=int(keepdims))

    def argmax(self, axis: int = 1) -> Value:
        """Find the first position of the greatest value along `axis`, as numpy does."""
        return self.graph.op("ArgMax", self, dtype=_INT64, axis=axis, keepdims=0)

    def argmin(self, axis: int = 1) -> Value:
        """Find the first position of the smallest value along `axis`, as numpy does."""
        return self.graph.op("ArgMin", self, dtype=_INT64, axis=axis, keepdims=0)


_FEW = 5
"""Operators with more attributes than this are tree ensembles, which are large and never repeated."""
_BOOL = np.dtype(np.bool_)
_INT64 = np.dtype(np.int64)


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of a graph, as names; `axis` is None where it has none."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    axis: int | None


class Graph:
    """Nodes and constants in the order of their making.

    >>> g = Graph()
    >>> x = g.input("numbers", np.float64, 2)
    >>> model = g.build({"value": (x * 2.0).reduce("Sum")})
    >>> [node.op_type for node in model.graph.node]
    ['Mul', 'ReduceSum', 'Identity']
    """

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._made: dict[tuple[bytes, int], list[str]] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], tuple[str, NDArray[Any]]] = {}
        self._inputs: dict[str, tuple[np.dtype[Any], tuple[int | None, ...]]] = {}
        self._names = 0

    def input(self, name: str, dtype: Any, *shape: int | None) -> Value:
        """Declare an input of `shape` beside the row axis; None is an axis of any length."""
        self._inputs[name] = (np.dtype(dtype), (None, *shape))
        return Value(self, name, np.dtype(dtype))

    def constant(self, array: Any, dtype: Any = None) -> Value:
        """Store an array once, however often it is asked for."""
        values = np.asarray(array, dtype=dtype, order="C")
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self._constants:
            self._constants[key] = (self._name("c"), values)
        return Value(self, self._constants[key][0], values.dtype)

    def operand(self, item: Operand, dtype: np.dtype[Any]) -> Value:
        """Turn a number or an array into a constant of `dtype`; values pass."""
        return item if isinstance(item, Value) else self.constant(item, dtype)

    def op(self, op: str, *inputs: Operand, dtype: Any = None, domain: str = "", **attributes: Any) -> Value:
        """Add a node with one output; its dtype is that of the first input unless given."""
        return self.ops(op, *inputs, dtypes=(dtype,), domain=domain, **attributes)[0]

    def ops(
        self, op: str, *inputs: Operand, dtypes: Sequence[Any], domain: str = "", **attributes: Any
    ) -> tuple[Value, ...]:
        """Add a node with one output for each entry of `dtypes`; None is the dtype of the first input.

        An attribute that is a numpy array of integers becomes a list of integers. The same operation on the
        same inputs is done once, however often it is asked for.
        """
        values = [item if isinstance(item, Value) else self.constant(item) for item in inputs]
        lists = {key: item for key, item in attributes.items() if isinstance(item, np.ndarray)}
        others = {key: item for key, item in attributes.items() if key not in lists}
        node = helper.make_node(op, [value.name for value in values], [], domain=domain, **others)
        node.attribute.extend(_ints(key, item) for key, item in lists.items())
        key = (
            (node.SerializeToString(deterministic=True), len(dtypes)) if len(node.attribute) < _FEW else None
        )
        names = self._made.get(key) if key else None
        if names is None:
            names = [self._name("v") for _ in dtypes]
            node.output.extend(names)
            self._nodes.append(node)
            if key:
                self._made[key] = names
        first = values[0].dtype if values else np.dtype(np.float64)
        return tuple(
            Value(self, name, first if dtype is None else np.dtype(dtype))
            for name, dtype in zip(names, dtypes, strict=True)
        )

    def where(self, condition: Value, yes: Operand, no: Operand) -> Value:
        """Choose cells from `yes` where `condition` is true, else from `no`."""
        dtype = next((item.dtype for item in (yes, no) if isinstance(item, Value)), np.dtype(np.float64))
        return self.op("Where", condition, self.operand(yes, dtype), self.operand(no, dtype), dtype=dtype)

    def concat(self, values: Sequence[Value], axis: int = 1) -> Value:
        """Join values along `axis`; a single one passes."""
        return values[0] if len(values) == 1 else self.op("Concat", *values, axis=axis)

    def readers(self) -> dict[str, list[Node]]:
        """List the nodes that read each value, by its name."""
        readers: dict[str, list[Node]] = {}
        for proto in self._nodes:
            axis = next((item.i for item in proto.attribute if item.name == "axis"), None)
            node = Node(proto.op_type, tuple(proto.input), tuple(proto.output), axis)
            for name in set(proto.input):
                readers.setdefault(name, []).append(node)
        return readers

    def constant_array(self, name: str) -> NDArray[Any] | None:
        """Give a constant's array by its name; None when the name is no constant's."""
        return next((array for own, array in self._constants.values() if own == name), None)

    def build(self, outputs: Mapping[str, Value]) -> ModelProto:
        """Make the model with exactly these outputs; what none of them needs is left out."""
        renamed = [helper.make_node("Identity", [value.name], [name]) for name, value in outputs.items()]
        nodes, used = _needed([*self._nodes, *renamed], set(outputs))
        constants = [
            numpy_helper.from_array(array, name) for name, array in self._constants.values() if name in used
        ]
        graph = helper.make_graph(
            nodes,
            "hythe",
            [
                helper.make_tensor_value_info(
                    name, helper.np_dtype_to_tensor_dtype(dtype), ["rows", *shape[1:]]
                )
                for name, (dtype, shape) in self._inputs.items()
                if name in used
            ],
            [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), None)
                for name, value in outputs.items()
            ],
            constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        if any(node.domain == "com.microsoft" for node in nodes):
            opsets.append(helper.make_opsetid("com.microsoft", 1))
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"


def _ints(name: str, values: NDArray[Any]) -> AttributeProto:
    """Write an array as a list of integers; `make_attribute` takes 20 times as long, as it looks at each."""
    attribute = AttributeProto(name=name, type=AttributeProto.INTS)
    attribute.ints.extend(values.tolist())
    return attribute


def _needed(nodes: Sequence[NodeProto], wanted: set[str]) -> tuple[list[NodeProto], set[str]]:
    """Keep the nodes that lead to `wanted`, in order, and name every value they touch."""
    used = set(wanted)
    kept: list[NodeProto] = []
    for node in reversed(nodes):
        if any(name in used for name in node.output):
            kept.append(node)
            used.update(node.input)
    return kept[::-1], used
