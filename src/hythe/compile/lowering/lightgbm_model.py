"""What the text of a LightGBM model says, and how one of its splits decides.

The rules are those of `Tree::NumericalDecision` and `Tree::CategoricalDecision` in LightGBM's tree.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.lowering.frame import CannotLower

ZERO = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold, a float32 constant; the predictor reads cells this close to zero as zero."""
NO_MISSING, MISSING_IS_ZERO, MISSING_IS_NAN = 0, 1, 2
_CATEGORICAL, _DEFAULT_LEFT = 1, 2

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree; the arrays are by split, `leaves` by leaf, and a negative child -1-i is leaf i."""

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    leaves: Floats
    categorical: Bools
    default_left: Bools
    missing: Ints
    bounds: Ints
    words: Ints

    def members(self, split: int) -> Ints:
        """List the categories that go left at a categorical split."""
        which = int(self.threshold[split])
        words = self.words[self.bounds[which] : self.bounds[which + 1]]
        return np.flatnonzero(((words[:, None] >> np.arange(32)) & 1).ravel())

    def goes_left(self, split: int, numbers: Floats) -> Bools:
        """Decide for the numbers of categories; NaN is one that is missing or not known."""
        if self.categorical[split]:
            found: Bools = np.isin(numbers, self.members(split))
            return found
        missing = np.isnan(numbers) & (self.missing[split] != NO_MISSING)
        if self.missing[split] == MISSING_IS_ZERO:
            missing |= numbers == 0
        below = np.nan_to_num(numbers) <= self.threshold[split]
        decided: Bools = np.where(missing, self.default_left[split], below).astype(np.bool_)
        return decided


@dataclass(frozen=True, slots=True)
class Model:
    """The trees that predict, and how their sums become answers."""

    trees: list[Tree]
    per_iteration: int
    objective: str
    settings: tuple[str, ...]
    averaged: bool

    @property
    def slope(self) -> float:
        """The factor of the objective's sigmoid."""
        pairs = (item.partition(":") for item in self.settings)
        return next((float(value) for name, _, value in pairs if name == "sigmoid"), 1.0)


def read_model(booster: Any) -> Model:
    """Read a booster's trees up to its best iteration.

    Raises:
        CannotLower: when it has no trees, or their leaves are linear models.

    """
    text = booster.model_to_string().split("\nend of trees", 1)[0]
    header, *blocks = [_pairs(block) for block in text.split("\nTree=")]
    if not blocks:
        raise CannotLower("the LightGBM model has no trees")
    if any(block.get("is_linear") == "1" for block in blocks):
        raise CannotLower("linear_tree puts a linear model into each leaf; train without it")
    objective, *settings = header.get("objective", "").split() or [""]
    return Model(
        [_tree(block) for block in blocks],
        int(header["num_tree_per_iteration"]),
        objective,
        tuple(settings),
        "average_output" in header,
    )


def as_plain_comparisons(tree: Tree) -> tuple[Floats, Bools]:
    """Write numerical decisions as `x <= threshold or (x is NaN and missing_left)`; gives both.

    A threshold within ZERO of zero moves to that range's edge, because the cells in it count as zero. NaN
    counts as zero where it is not missing.
    """
    edge = np.where(tree.threshold < 0, np.nextafter(-ZERO, -np.inf), ZERO)
    threshold = np.where(np.abs(tree.threshold) <= ZERO, edge, tree.threshold)
    missing_left = np.where(tree.missing == NO_MISSING, tree.threshold >= 0, tree.default_left)
    return threshold, missing_left & ~tree.categorical


def _tree(block: dict[str, str]) -> Tree:
    leaves = np.array(block["leaf_value"].split(), dtype=np.float64)
    splits = leaves.size - 1
    decision = _numbers(block, "decision_type", np.int64)[:splits]
    return Tree(
        feature=_numbers(block, "split_feature", np.int64)[:splits],
        threshold=_numbers(block, "threshold", np.float64)[:splits],
        left=_numbers(block, "left_child", np.int64)[:splits],
        right=_numbers(block, "right_child", np.int64)[:splits],
        leaves=leaves,
        categorical=decision & _CATEGORICAL != 0,
        default_left=decision & _DEFAULT_LEFT != 0,
        missing=(decision >> 2) & 3,
        bounds=_numbers(block, "cat_boundaries", np.int64),
        words=_numbers(block, "cat_threshold", np.int64),
    )


def _numbers(block: dict[str, str], name: str, dtype: Any) -> NDArray[Any]:
    return np.array(block.get(name, "").split(), dtype=dtype)


def _pairs(block: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in block.splitlines())}
