"""Trees of any framework as arrays, and their one emitter: the `TreeEnsemble` operator of ai.onnx.ml 5.

Sums are made in the order of the trees, one addition at a time, because where votes tie the order of
summation decides the label. ONNX Runtime adds the leaves of one target in that order on one thread. A leaf
with several values costs a copy of the tree for each, which makes sessions slow to create (26 classes: 4.6 s
instead of 0.03 s), so there the operator finds the leaves, a Gather reads their rows and a CumSum adds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from hythe.compile.graph import Value

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int64]

_AT_MOST, _BELOW, _MEMBER = 0, 1, 6
_CELLS = 2048
"""How many leaf values of a row are added at once: 64 MiB in a batch of 4,096 rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Binary trees side by side; arrays are over the nodes of all trees, and children are positions in them.

    A leaf has `left` -1. An inner node sends a row left when its `feature` is at most `threshold` (below it
    when `strict`), or is NaN and `missing_left` is set. A node in `members` compares no number: its feature
    is a column of codes counted from 1; the pair lists the codes that go left and those that go right.
    """

    roots: Ints
    left: Ints
    right: Ints
    feature: Ints
    threshold: NDArray[Any]
    missing_left: Bools | None = None
    strict: bool = False
    members: Mapping[int, tuple[Codes, Codes]] = field(default_factory=dict)

    @property
    def leaves(self) -> Ints:
        """The positions of the leaves; a leaf's number is its place in this list."""
        return np.flatnonzero(self.left < 0)

    @property
    def tree_of(self) -> Ints:
        """The tree of each node; needs trees that follow each other as `stacked` leaves them."""
        return np.searchsorted(self.roots, np.arange(self.left.size), side="right") - 1


def stacked(trees: Sequence[Trees]) -> Trees:
    """Put trees of one kind after each other."""
    sizes = np.array([tree.left.size for tree in trees])
    starts = np.cumsum(sizes) - sizes
    shift = np.repeat(starts, sizes)
    left = np.concatenate([tree.left for tree in trees])
    right = np.concatenate([tree.right for tree in trees])
    missing = [tree.missing_left for tree in trees if tree.missing_left is not None]
    return Trees(
        roots=np.concatenate([tree.roots + start for tree, start in zip(trees, starts, strict=True)]),
        left=np.where(left < 0, -1, left + shift),
        right=np.where(left < 0, -1, right + shift),
        feature=np.concatenate([tree.feature for tree in trees]),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        missing_left=np.concatenate(missing) if missing else None,
        strict=trees[0].strict,
        members={
            node + int(start): sides
            for tree, start in zip(trees, starts, strict=True)
            for node, sides in tree.members.items()
        },
    )


def sum_leaves(
    values: Value,
    trees: Trees,
    weights: NDArray[Any],
    *,
    targets: Ints | None = None,
    start: NDArray[Any] | None = None,
) -> Value:
    """Add one number of each tree, its leaf's `weights[node]`, to the tree's target: [rows, targets].

    `targets` gives each tree's target, 0 where it is left out; `start` [targets] is what the sums begin with.
    """
    owners = np.zeros(trees.roots.size, dtype=np.int64) if targets is None else targets
    count = int(owners.max(initial=0)) + 1 if start is None else start.size
    if start is not None and np.any(start):
        seeds = [_seed(trees) for _ in range(count)]
        trees = stacked([*seeds, trees])
        weights = np.concatenate([start, weights])
        owners = np.concatenate([np.arange(count), owners])
    leaves = trees.leaves
    return _ensemble(values, trees, weights[leaves], owners[trees.tree_of[leaves]], count)


def find_leaves(values: Value, trees: Trees) -> Value:
    """Give the number of the leaf that each row reaches in each tree, int64 [rows, trees]."""
    leaves = trees.leaves
    numbers = np.arange(leaves.size, dtype=trees.threshold.dtype)
    found = _ensemble(values, trees, numbers, trees.tree_of[leaves], trees.roots.size)
    return found.cast(np.int64)


def sum_rows(values: Value, trees: Trees, table: NDArray[Any]) -> Value:
    """Add several numbers of each tree, its leaf's row of `table` [nodes, width]: [rows, width]."""
    width = table.shape[1]
    if width == 1:
        return sum_leaves(values, trees, table[:, 0])
    graph, count = values.graph, trees.roots.size
    rows = table[trees.leaves]
    found = find_leaves(values, trees)
    if count == 1:
        return graph.op("Gather", graph.constant(rows), found.column(0), dtype=rows.dtype)
    step = max(1, _CELLS // count)
    blocks = [rows[:, at : at + step] for at in range(0, width, step)]
    return graph.concat([_add_up(found, block, count) for block in blocks])


def _add_up(found: Value, rows: NDArray[Any], count: int) -> Value:
    graph = found.graph
    gathered = graph.op("Gather", graph.constant(rows), found, dtype=rows.dtype)
    return graph.op("CumSum", gathered, np.array(1, dtype=np.int64)).column(count - 1)


def _seed(like: Trees) -> Trees:
    """Make a tree that is one leaf."""
    nothing, zero = np.array([-1]), np.array([0])
    missing = None if like.missing_left is None else np.array([False])
    return Trees(
        roots=zero,
        left=nothing,
        right=nothing,
        feature=zero,
        threshold=np.zeros(1, dtype=like.threshold.dtype),
        missing_left=missing,
        strict=like.strict,
    )


def _ensemble(values: Value, trees: Trees, weights: NDArray[Any], targets: Ints, count: int) -> Value:
    """Emit the operator; `weights` and `targets` are by leaf."""
    rooted = _with_inner_roots(trees)
    inner = rooted.left >= 0
    nodes = np.flatnonzero(inner)
    place = np.where(inner, np.cumsum(inner), np.cumsum(~inner)) - 1
    modes, yes, no, sets = _branches(rooted, nodes)
    optional: dict[str, Any] = {}
    if rooted.missing_left is not None and rooted.missing_left[nodes].any():
        optional["nodes_missing_value_tracks_true"] = rooted.missing_left[nodes].astype(np.int64)
    if sets is not None:
        optional["membership_values"] = numpy_helper.from_array(sets.astype(rooted.threshold.dtype))
    return values.graph.op(
        "TreeEnsemble",
        values.cast(rooted.threshold.dtype),
        domain="ai.onnx.ml",
        aggregate_function=1,
        post_transform=0,
        n_targets=count,
        tree_roots=place[rooted.roots],
        nodes_featureids=rooted.feature[nodes],
        nodes_splits=numpy_helper.from_array(np.ascontiguousarray(rooted.threshold[nodes])),
        nodes_modes=numpy_helper.from_array(modes),
        nodes_truenodeids=place[yes],
        nodes_falsenodeids=place[no],
        nodes_trueleafs=(~inner[yes]).astype(np.int64),
        nodes_falseleafs=(~inner[no]).astype(np.int64),
        leaf_targetids=targets,
        leaf_weights=numpy_helper.from_array(weights.astype(rooted.threshold.dtype)),
        **optional,
    )


def _with_inner_roots(trees: Trees) -> Trees:
    """Put a node above each root that is a leaf, with that leaf on both sides: the operator wants one.

    It compares with NaN, which is no threshold that anyone could stand on.
    """
    lone = np.flatnonzero(trees.left[trees.roots] < 0)
    if not lone.size:
        return trees
    size, zeros = trees.left.size, np.zeros(lone.size, dtype=np.int64)
    roots = trees.roots.copy()
    leaves = roots[lone]
    roots[lone] = size + np.arange(lone.size)
    missing = trees.missing_left
    return Trees(
        roots=roots,
        left=np.concatenate([trees.left, leaves]),
        right=np.concatenate([trees.right, leaves]),
        feature=np.concatenate([trees.feature, zeros]),
        threshold=np.concatenate([trees.threshold, np.full(lone.size, np.nan, trees.threshold.dtype)]),
        missing_left=None if missing is None else np.concatenate([missing, zeros.astype(np.bool_)]),
        strict=trees.strict,
        members=trees.members,
    )


def _branches(trees: Trees, nodes: Ints) -> tuple[NDArray[np.uint8], Ints, Ints, NDArray[np.float64] | None]:
    """Give each inner node's mode, its child where the test holds, the other, and the sets in their order.

    A set is tested on its smaller side, because ONNX Runtime holds 64 codes in one node and makes a chain of
    the rest. A side with no codes is tested for 0, which no code is.
    """
    modes = np.full(nodes.size, _BELOW if trees.strict else _AT_MOST, dtype=np.uint8)
    yes, no = trees.left[nodes], trees.right[nodes]
    sets: list[NDArray[Any]] = []
    for at in np.flatnonzero(np.isin(nodes, list(trees.members))) if trees.members else ():
        left, right = trees.members[int(nodes[at])]
        modes[at] = _MEMBER
        if right.size < left.size:
            yes[at], no[at] = no[at], yes[at]
        smaller = min(left, right, key=len)
        sets += [smaller if smaller.size else np.zeros(1), np.array([np.nan])]
    return modes, yes, no, np.concatenate(sets).astype(np.float64) if sets else None
