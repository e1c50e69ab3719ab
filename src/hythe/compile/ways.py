"""The way of one input column to where trees compare it: filled, shifted, scaled, rounded to float32.

Each step is done again exactly as the graph does it, so that the input whose image lies just before a
threshold, and the next one, whose image lies beyond, can be found to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FILL, CAST = "Where", "Cast"
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
}
_INVERSE = {"Add": np.subtract, "Sub": np.add, "Mul": np.divide, "Div": np.multiply}
STEPS = frozenset({FILL, CAST, *_ARITHMETIC})
_HALVINGS = 90
_WIDTH = 1e-6


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on a column: its ONNX name and its constant (for a cast, one of the new dtype)."""

    op: str
    constant: Any


@dataclass(frozen=True, slots=True)
class Way:
    """From the input's column `column` through `steps`."""

    column: int
    steps: tuple[Step, ...] = ()

    def then(self, op: str, constant: Any) -> Way:
        """Go one step further."""
        return Way(self.column, (*self.steps, Step(op, constant)))

    @property
    def direct(self) -> bool:
        """Whether thresholds are the column's own, bar a rounding to float32 and filled gaps."""
        return not any(step.op in _ARITHMETIC for step in self.steps)

    def __call__(self, cells: Floats) -> Floats:
        """Compute what the trees see of these cells.

        >>> Way(0, (Step("Where", np.float64(5.0)), Step("Sub", np.float64(1.0))))(np.array([3.0, np.nan]))
        array([2., 4.])
        """
        values: NDArray[Any] = cells
        with np.errstate(all="ignore"):
            for step in self.steps:
                if step.op == FILL:
                    values = np.where(np.isnan(values), step.constant, values)
                elif step.op == CAST:
                    values = values.astype(step.constant.dtype)
                else:
                    values = _ARITHMETIC[step.op](values, step.constant)
        return np.asarray(values, dtype=np.float64)

    def back(self, thresholds: Floats, *, strict: bool = False) -> Floats:
        """Find for each threshold an input that stands on its brink: the next one is on the other side.

        `strict` trees send a value left when it is below the threshold, the others when it is at most the
        threshold. For a direct way it is the threshold itself. NaN where there is no such input.

        >>> way = Way(0, (Step("Div", np.float64(3.0)),))
        >>> brink = way.back(np.array([0.1]))
        >>> (way(brink) <= 0.1).all(), (way(np.nextafter(brink, 1.0)) > 0.1).all()
        (np.True_, np.True_)
        """
        if self.direct:
            return thresholds
        low, high = self._bracket(thresholds)
        left_low = self._left(low, thresholds, strict)
        found = left_low != self._left(high, thresholds, strict)
        for _ in range(_HALVINGS):
            middle = low + (high - low) / 2
            same = self._left(middle, thresholds, strict) == left_low
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        return np.where(found, low, np.nan)

    def _left(self, cells: Floats, thresholds: Floats, strict: bool) -> NDArray[np.bool_]:
        seen = self(cells)
        return seen < thresholds if strict else seen <= thresholds

    def _bracket(self, thresholds: Floats) -> tuple[Floats, Floats]:
        """Undo the steps roughly, and step aside by more than float32 rounds."""
        cells, reach = thresholds.astype(np.float64), np.abs(thresholds)
        with np.errstate(all="ignore"):
            for step in reversed(self.steps):
                if step.op in _INVERSE:
                    cells = _INVERSE[step.op](cells, np.float64(step.constant))
                    reach = np.maximum(np.abs(cells), self._moved(step, reach))
            return cells - _WIDTH * reach, cells + _WIDTH * reach

    @staticmethod
    def _moved(step: Step, reach: Floats) -> Floats:
        """Carry a reach back through a step."""
        constant = np.abs(np.float64(step.constant))
        if step.op in {"Add", "Sub"}:
            return np.maximum(reach, constant)
        return np.asarray(_INVERSE[step.op](reach, constant))
