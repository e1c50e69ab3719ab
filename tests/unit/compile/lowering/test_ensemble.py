"""The emitter of trees against a walk down the same arrays in Python."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hythe.compile.graph import Graph, Value
from hythe.compile.lowering.ensemble import Trees, find_leaves, stacked, sum_leaves, sum_rows

NUMBERS, CODES = 3, 2
"""Columns of numbers come first, then columns of codes."""


def random_tree(rng: np.random.Generator, *, dtype: Any, strict: bool, most_codes: int) -> Trees:
    """Grow a tree of 1 to 25 leaves whose splits ask for numbers or for codes."""
    left, right = [-1], [-1]
    for _ in range(int(rng.integers(0, 25))):
        leaf = int(rng.choice(np.flatnonzero(np.array(left) < 0)))
        left[leaf], right[leaf] = len(left), len(left) + 1
        left += [-1, -1]
        right += [-1, -1]
    size, inner = len(left), np.array(left) >= 0
    feature = rng.integers(0, NUMBERS + CODES, size)
    members = {}
    for node in np.flatnonzero(inner & (feature >= NUMBERS)).tolist():
        codes = rng.permutation(most_codes) + 1
        cut = int(rng.integers(0, most_codes + 1))
        members[node] = (codes[:cut], codes[cut:])
    return Trees(
        roots=np.zeros(1, dtype=np.int64),
        left=np.array(left),
        right=np.array(right),
        feature=feature,
        threshold=rng.integers(-3, 4, size).astype(dtype),
        missing_left=(rng.random(size) < 0.5) & (feature < NUMBERS),
        strict=strict,
        members=members,
    )


def leaf_of(trees: Trees, root: int, row: Any) -> int:
    """Walk down one tree."""
    node = root
    while trees.left[node] >= 0:
        cell, threshold = row[trees.feature[node]], trees.threshold[node]
        if node in trees.members:
            goes_left = cell in trees.members[node][0]
        elif np.isnan(cell):
            goes_left = trees.missing_left is not None and bool(trees.missing_left[node])
        else:
            goes_left = bool(cell < threshold if trees.strict else cell <= threshold)
        node = int(trees.left[node] if goes_left else trees.right[node])
    return node


def answered(build: Any, rows: Any) -> Any:
    graph = Graph()
    values = graph.input("numbers", rows.dtype, rows.shape[1])
    result: Value = build(values)
    model = graph.build({"out": result}).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["out"], {"numbers": rows})[0]


def specimen(seed: int, *, dtype: Any = np.float64, strict: bool = False, most_codes: int = 9) -> Any:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 6))
    grown = [random_tree(rng, dtype=dtype, strict=strict, most_codes=most_codes) for _ in range(count)]
    numbers = rng.integers(-4, 5, (30, NUMBERS)).astype(dtype)
    numbers[rng.random(numbers.shape) < 0.2] = np.nan
    codes = rng.integers(1, most_codes + 1, (30, CODES)).astype(dtype)
    return stacked(grown), np.concatenate([numbers, codes], axis=1), rng


@given(
    st.integers(0, 2**32),
    st.sampled_from([np.float32, np.float64]),
    st.booleans(),
    st.sampled_from([1, 9, 64, 65, 150]),
)
@settings(max_examples=60, deadline=None)
def test_leaves_are_added_one_by_one_in_the_order_of_the_trees(
    seed: int, dtype: Any, strict: bool, most_codes: int
) -> None:
    trees, rows, rng = specimen(seed, dtype=dtype, strict=strict, most_codes=most_codes)
    weights = rng.normal(size=trees.left.size).astype(dtype)
    targets = rng.integers(0, 3, trees.roots.size)
    start = rng.normal(size=3).astype(dtype)
    expected = np.tile(start, (len(rows), 1))
    for place, row in enumerate(rows):
        for root, target in zip(trees.roots.tolist(), targets.tolist(), strict=True):
            expected[place, target] += weights[leaf_of(trees, root, row)]
    found = answered(lambda values: sum_leaves(values, trees, weights, targets=targets, start=start), rows)
    np.testing.assert_array_equal(found, expected)
    alone = answered(
        lambda values: sum_leaves(values, trees, weights, targets=targets, start=start), rows[:1]
    )
    np.testing.assert_array_equal(alone, expected[:1])


@pytest.mark.parametrize("width", [1, 2, 5000])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rows_of_values_are_added_one_by_one(seed: int, width: int) -> None:
    trees, rows, rng = specimen(seed)
    table = rng.normal(size=(trees.left.size, width))
    expected = np.zeros((len(rows), width))
    for place, row in enumerate(rows):
        for root in trees.roots.tolist():
            expected[place] += table[leaf_of(trees, root, row)]
    np.testing.assert_array_equal(answered(lambda values: sum_rows(values, trees, table), rows), expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_leaf_that_each_tree_reaches_is_found(seed: int) -> None:
    trees, rows, _ = specimen(seed)
    number = {node: place for place, node in enumerate(trees.leaves.tolist())}
    expected = [[number[leaf_of(trees, root, row)] for root in trees.roots.tolist()] for row in rows]
    np.testing.assert_array_equal(answered(lambda values: find_leaves(values, trees), rows), expected)


def test_a_split_that_no_code_passes_sends_all_one_way() -> None:
    trees = Trees(
        roots=np.array([0]),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        feature=np.array([0, 0, 0]),
        threshold=np.zeros(3),
        members={0: (np.array([1, 2, 3]), np.zeros(0, dtype=np.int64))},
    )
    rows = np.array([[1.0], [2.0], [3.0]])
    found = answered(lambda values: sum_leaves(values, trees, np.array([0.0, 5.0, 7.0])), rows)
    assert found.tolist() == [[5.0], [5.0], [5.0]]
