"""Gradient-boosted trees over cells, learned in whole numbers: equal on every machine, to the last bit."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

TREES = 50
DEPTH = 5
RATE = 0.15
_SHRINK = 5.0
_WHOLE = 2.0**30
_LEAST_SHARE, _FEWEST = 1 / 200, 10
_ALL = 255

Codes = NDArray[np.uint8]
"""[rows, columns]: the place of each value in its column's order, 0 to 254."""
Numbers = NDArray[np.float64]


class Tree(msgspec.Struct, frozen=True, array_like=True):
    """A full binary tree: its nodes from the root, level by level, then the values of its leaves.

    A row goes right where the code of the node's column is greater than its limit.
    """

    columns: tuple[int, ...]
    limits: tuple[int, ...]
    values: tuple[int, ...]

    def leaves(self, codes: Codes) -> NDArray[np.intp]:
        """Find the leaf of each row."""
        columns, limits = np.array(self.columns), np.array(self.limits)
        node = np.zeros(len(codes), dtype=np.intp)
        rows = np.arange(len(codes))
        while node.size and node[0] < len(columns):
            node = 2 * node + 1 + (codes[rows, columns[node]] > limits[node])
        return node - len(columns)


class Boosted(msgspec.Struct, frozen=True):
    """The sum of a start and a value from each tree, in whole numbers of `unit`."""

    unit: float
    start: int
    trees: tuple[Tree, ...]

    def predict(self, codes: Codes) -> Numbers:
        """Give the expected number of each row."""
        found = np.full(len(codes), self.start, dtype=np.int64)
        for tree in self.trees:
            found += np.array(tree.values, dtype=np.int64)[tree.leaves(codes)]
        return np.multiply(found, self.unit, dtype=np.float64)


def boost(codes: Codes, wanted: Numbers) -> Boosted:
    """Learn to predict finite numbers, at least 0 and one of them greater, by least squares.

    Friedman (2001), "Greedy function approximation: a gradient boosting machine", algorithm 2, with splits
    over histograms. Numbers become whole first, and so does each leaf's value, so every sum is exact: neither
    the order of the rows nor the machine's arithmetic changes the trees.

    >>> codes = np.array([[0], [0], [1], [1]] * 10, dtype=np.uint8)
    >>> found = boost(codes, codes[:, 0] * 2.0 + 1.0).predict(codes[:4])
    >>> np.round(found, 2).tolist()
    [1.0, 1.0, 3.0, 3.0]
    """
    unit = float(wanted.max()) / _WHOLE
    whole = np.rint(wanted / unit).astype(np.int64)
    start = int(whole.sum()) // len(whole)
    left, trees = whole - start, []
    grower = _Grower(codes)
    for _ in range(TREES):
        tree, leaves = grower.grow(left)
        trees.append(tree)
        left = left - np.array(tree.values, dtype=np.int64)[leaves]
    return Boosted(unit, start, tuple(trees))


class _Grower:
    """Grows trees over the same codes."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._rows, self._columns = codes.shape
        self._width = int(codes.max()) + 1
        self._offsets = np.arange(self._columns) * self._width + codes.astype(np.intp)
        self._least = max(_FEWEST, int(self._rows * _LEAST_SHARE))

    def grow(self, left: NDArray[np.int64]) -> tuple[Tree, NDArray[np.intp]]:
        """Grow one tree on what is left to explain; give it, and the leaf of each row."""
        node = np.zeros(self._rows, dtype=np.intp)
        columns: list[int] = []
        limits: list[int] = []
        for level in range(DEPTH):
            column, limit = self._split(node, left, 2**level)
            columns += column.tolist()
            limits += limit.tolist()
            node = 2 * node + (self._codes[np.arange(self._rows), column[node]] > limit[node])
        sums = np.bincount(node, weights=left, minlength=2**DEPTH)
        times = np.bincount(node, minlength=2**DEPTH)
        values = np.rint(RATE * sums / (times + _SHRINK)).astype(np.int64)
        return Tree(tuple(columns), tuple(limits), tuple(values.tolist())), node

    def _split(
        self, node: NDArray[np.intp], left: NDArray[np.int64], nodes: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Choose for each node the column and limit that lower the squares most; none sends all left."""
        size = self._columns * self._width
        places = (node[:, None] * size + self._offsets).reshape(-1)
        weights = np.repeat(left.astype(np.float64), self._columns)
        shape = (nodes, self._columns, self._width)
        sums = np.bincount(places, weights=weights, minlength=nodes * size).reshape(shape).cumsum(axis=2)
        times = np.bincount(places, minlength=nodes * size).reshape(shape).cumsum(axis=2)
        all_sums, all_times = sums[:, :, -1:], times[:, :, -1:]
        fits = (times >= self._least) & (all_times - times >= self._least)
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = sums**2 / times + (all_sums - sums) ** 2 / (all_times - times) - all_sums**2 / all_times
        flat = np.where(fits, gain, 0.0).reshape(nodes, -1)
        best = flat.argmax(axis=1)
        some = flat[np.arange(nodes), best] > 0
        return (
            np.where(some, best // self._width, 0).astype(np.intp),
            np.where(some, best % self._width, _ALL).astype(np.intp),
        )
