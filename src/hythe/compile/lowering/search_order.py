"""The order in which scikit-learn's neighbour searches meet the stored points of a query.

Brute force meets them as they are stored. A tree goes down to the nearer child first, so the order depends
on the row; where distances tie, it decides which neighbours a model finds. (A ball tree also leaves out nodes
whose bound, rounded, lies just beyond a tie; that is not followed, and a proof with such a row refuses.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.graph import Graph, Value
from hythe.compile.lowering.distances import Metric
from hythe.compile.lowering.frame import CannotLower
from hythe.compile.lowering.kernels import Points


@dataclass(frozen=True, slots=True)
class Tree:
    """A fitted KDTree or BallTree: `bounds` are lower and upper corners, or centres alone beside `radii`."""

    order: NDArray[np.int64]
    bounds: NDArray[np.float64]
    radii: NDArray[np.float64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    leaves: NDArray[np.bool_]
    power: float

    @classmethod
    def of(cls, tree: Any, power: float) -> Tree:
        """Read the arrays of scikit-learn's tree; `power` is the p of its metric."""
        _, order, nodes, bounds = (np.asarray(part) for part in tree.get_arrays())
        starts, ends = nodes["idx_start"].astype(np.int64), nodes["idx_end"].astype(np.int64)
        used = ends > starts
        used[0] = True
        count = int(np.flatnonzero(used)[-1]) + 1
        return cls(
            order.astype(np.int64),
            bounds[:, :count].astype(np.float64),
            nodes["radius"][:count].astype(np.float64),
            starts[:count],
            ends[:count],
            nodes["is_leaf"][:count].astype(np.bool_),
            power,
        )

    def visits(self, values: Value, kind: Metric) -> Value:
        """Give for each row the positions in `order`, first met to last: int64 [rows, points]."""
        graph = values.graph
        positions = np.arange(len(self.order))
        inner = np.flatnonzero(~self.leaves)
        ranks = _spread(values, positions)
        if len(inner):
            first, second = 2 * inner + 1, 2 * inner + 2
            bounds = self._nearest_possible(values, kind)
            swapped = (bounds.columns(first.tolist()) > bounds.columns(second.tolist())).cast(np.int64)
            for ancestor, shift in self._levels(inner):
                ranks = ranks + swapped.columns(ancestor.tolist()) * shift
        nothing = ranks * 0
        return graph.op("ScatterElements", nothing, ranks, nothing + positions, axis=1)

    def _nearest_possible(self, values: Value, kind: Metric) -> Value:
        """Bound the distance from each row to each node from below, as the tree does: [rows, nodes]."""
        if len(self.bounds) == 1:
            centres = kind.restore(kind.ranks(values, self.bounds[0]))
            return values.graph.op("Max", centres - self.radii, np.asarray(0.0))
        total: Value | None = None
        for j in range(self.bounds.shape[2]):
            term = self._beyond(values.columns([j]), self.bounds[0][:, j], self.bounds[1][:, j])
            total = term if total is None else self._joined(values.graph, total, term)
        if total is None:
            raise CannotLower("there are no features between which a distance could be taken")
        return total

    def _beyond(self, column: Value, lower: Points, upper: Points) -> Value:
        graph = column.graph
        nothing = np.asarray(0.0)
        outside = graph.op("Max", lower - column, nothing) + graph.op("Max", column - upper, nothing)
        if self.power in {1.0, np.inf}:
            return outside
        return outside * outside if self.power == 2.0 else outside**self.power  # noqa: PLR2004 - squares

    def _joined(self, graph: Graph, total: Value, term: Value) -> Value:
        return graph.op("Max", total, term) if self.power == np.inf else total + term

    def _levels(self, inner: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """For each level: which of `inner` a position is under, and how far a swap there moves it."""
        place = {int(node): i for i, node in enumerate(inner)}
        levels: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        start = 0
        while start < len(self.leaves):
            ancestors = np.zeros(len(self.order), dtype=np.int64)
            shifts = np.zeros(len(self.order), dtype=np.int64)
            for node in range(start, min(2 * start + 1, len(self.leaves))):
                if self.leaves[node]:
                    continue
                left, right = (slice(self.starts[i], self.ends[i]) for i in (2 * node + 1, 2 * node + 2))
                for part, shift in ((left, right.stop - right.start), (right, left.start - left.stop)):
                    ancestors[part], shifts[part] = place[node], shift
            if shifts.any():
                levels.append((ancestors, shifts))
            start = 2 * start + 1
        return levels


def _spread(values: Value, positions: NDArray[np.int64]) -> Value:
    """Repeat positions for each row: int64 [rows, points]."""
    return values.is_nan().columns([0]).cast(np.int64) * 0 + positions
