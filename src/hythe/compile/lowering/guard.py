"""Where the original raises: the rows that a graph refuses, checked in as few nodes as will do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hythe.compile.graph import Graph, Node, Value


@dataclass(frozen=True, slots=True)
class _Finite:
    """A check that refuses rows with ±inf in `value`, and with NaN too unless `allow_nan`."""

    value: Value
    allow_nan: bool


class Guard:
    """The checks that the steps of one model make, gathered into one flag a row.

    A check of an early value is left out where a later check finds the same: an infinite cell that an
    imputer's check looks for is still infinite behind a scaler, where the predictor's own check finds it.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._finite: dict[tuple[str, bool], _Finite] = {}
        self._cells: dict[str, Value] = {}

    def cells(self, cells: Value) -> None:
        """Refuse the rows where `cells`, bool [rows, n] with n ≥ 1, is true anywhere."""
        self._cells[cells.name] = cells

    def finite(self, value: Value, *, allow_nan: bool) -> None:
        """Refuse the rows with ±inf, or NaN unless allowed, in `value` [rows, ...]."""
        self._finite[value.name, allow_nan] = _Finite(value, allow_nan)

    def mark(self) -> tuple[int, int]:
        """Remember which checks there are; give it to `forget_since`."""
        return len(self._finite), len(self._cells)

    def forget_since(self, mark: tuple[int, int]) -> None:
        """Drop the checks made since `mark`, where the original can never see what they look for."""
        self._finite = dict(list(self._finite.items())[: mark[0]])
        self._cells = dict(list(self._cells.items())[: mark[1]])

    def refused(self) -> Value | None:
        """Give bool [rows], true where a check fails; None when there is no check."""
        checks = self._telling()
        flags = [check.value.is_inf() for check in checks if check.allow_nan]
        rows = [flag.reduce("Max") for flag in (*flags, *self._cells.values())]
        sums = [(check.value * 0.0).reduce("Sum") for check in checks if not check.allow_nan]
        if sums:
            total = sums[0]
            for one in sums[1:]:
                total = total + one
            rows.append(total.is_nan())
        if not rows:
            return None
        refused = rows[0]
        for row in rows[1:]:
            refused = refused | row
        return refused

    def _telling(self) -> list[_Finite]:
        """Leave out what another check finds as well."""
        readers = self._graph.readers()
        full = {check.value.name for check in self._finite.values() if not check.allow_nan}
        partial = {check.value.name for check in self._finite.values() if check.allow_nan}
        telling = []
        for check in self._finite.values():
            later = self._reached(check, readers)
            if check.allow_nan and check.value.name in full:
                continue
            if not (later & full or (check.allow_nan and later & partial)):
                telling.append(check)
        return telling

    def _reached(self, check: _Finite, readers: dict[str, list[Node]]) -> set[str]:
        """Name the later values in which every cell that fails `check` shows as such."""
        reached: set[str] = set()
        waiting = [check.value.name]
        while waiting:
            name = waiting.pop()
            for node in readers.get(name, ()):
                if self._carries(node, name, readers, nan=not check.allow_nan):
                    waiting.extend(set(node.outputs) - reached)
                    reached.update(node.outputs)
        return reached

    def _carries(self, node: Node, name: str, readers: dict[str, list[Node]], *, nan: bool) -> bool:
        """Tell whether an infinite cell of `name` (and with `nan` a NaN) stays such in the node's output."""
        if node.op in {"Concat", "Identity", "Neg", "Abs"}:
            return node.op != "Concat" or node.axis == 1
        if node.op in {"Add", "Sub", "Mul", "Div"} and node.inputs[0] == name:
            other = self._graph.constant_array(node.inputs[1])
            if other is None or other.dtype.kind != "f" or not np.isfinite(other).all():
                return False
            return node.op in {"Add", "Sub"} or bool((other != 0).all())
        if node.op == "Where" and node.inputs[2] == name and not nan:
            asked = [reader for reader in readers.get(name, ()) if node.inputs[0] in reader.outputs]
            return any(reader.op == "IsNaN" for reader in asked)
        return False
