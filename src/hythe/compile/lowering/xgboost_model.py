"""What the JSON of an XGBoost model says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.lowering.frame import CannotLower

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
_LOGITS = {"binary:logistic", "reg:logistic"}
_LOGARITHMS = {"count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"}


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree by node; `left` is -1 at a leaf, whose `condition` is its value.

    `members` lists the categories that go right at each categorical split.
    """

    left: Ints
    right: Ints
    feature: Ints
    condition: Floats
    default_left: NDArray[np.bool_]
    members: dict[int, Ints]


@dataclass(frozen=True, slots=True)
class Model:
    """The trees that predict, and how their sums begin and become answers.

    `targets` and `shares` (of dropped-out boosting) are by tree; `start` holds the raw scores at the
    beginning. `linear` [features + 1, targets] holds the weights of a linear booster, the bias last.
    """

    objective: str
    start: Floats
    trees: list[Tree]
    targets: Ints
    shares: Floats | None
    categories: list[list[Any]] | None
    linear: Floats | None = None
    several: bool = False


def read_model(booster: Any, rounds: int | None) -> Model:
    """Read a booster's trees of the first `rounds`, or all.

    Raises:
        CannotLower: when leaves hold vectors, or the booster is of an unknown kind.

    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    objective = learner["objective"]["name"]
    parameters = learner["learner_model_param"]
    targets = max(1, int(parameters["num_class"]), int(parameters.get("num_target", "1")))
    start = np.broadcast_to(_raw_scores(objective, parameters["base_score"]), targets)
    several = int(parameters.get("num_target", "1")) > 1
    part, shares = learner["gradient_booster"], None
    if part["name"] == "gblinear":
        weights = np.array(part["model"]["weights"], dtype=np.float32).reshape(-1, targets)
        nothing = np.zeros(0, dtype=np.int64)
        return Model(objective, start, [], nothing, None, None, weights, several)
    if part["name"] == "dart":
        shares, part = np.array(part["weight_drop"], dtype=np.float32), part["gbtree"]
    elif part["name"] != "gbtree":
        raise CannotLower(f"XGBoost's booster {part['name']!r} has no lowering")
    model = part["model"]
    bounds = model["iteration_indptr"]
    used = bounds[len(bounds) - 1 if rounds is None else min(rounds, len(bounds) - 1)]
    if not used:
        raise CannotLower("the XGBoost model has no trees")
    return Model(
        objective,
        start,
        [_tree(tree) for tree in model["trees"][:used]],
        np.array(model["tree_info"][:used], dtype=np.int64),
        None if shares is None else shares[:used],
        _categories(model.get("cats")),
        None,
        several,
    )


def _raw_scores(objective: str, base: str) -> Floats:
    """Turn the base score into the raw scores that sums begin with, in XGBoost's float32 arithmetic."""
    scores: Floats = np.array(json.loads(f"[{base.strip('[]')}]"), dtype=np.float32)
    with np.errstate(divide="ignore"):
        if objective in _LOGITS:
            scores = -np.log(np.float32(1.0) / scores - np.float32(1.0))
        elif objective in _LOGARITHMS:
            scores = np.log(scores)
    return scores


def _tree(tree: Any) -> Tree:
    if tree["tree_param"]["size_leaf_vector"] not in {"0", "1"}:
        raise CannotLower(
            "multi_strategy='multi_output_tree' puts vectors into leaves, which has no lowering"
        )
    starts, sizes = tree["categories_segments"], tree["categories_sizes"]
    categories = np.array(tree["categories"], dtype=np.int64)
    return Tree(
        left=np.array(tree["left_children"], dtype=np.int64),
        right=np.array(tree["right_children"], dtype=np.int64),
        feature=np.array(tree["split_indices"], dtype=np.int64),
        condition=np.array(tree["split_conditions"], dtype=np.float32),
        default_left=np.array(tree["default_left"], dtype=np.bool_),
        members={
            node: categories[start : start + size]
            for node, start, size in zip(tree["categories_nodes"], starts, sizes, strict=True)
        },
    )


def _categories(stored: Any) -> list[list[Any]] | None:
    """Read the categories of each feature, strings as bytes; None for models before 3.1, which have none."""
    if not stored:
        return None
    return [_category_values(item) for item in stored["enc"]]


def _category_values(item: Any) -> list[Any]:
    if "offsets" not in item:
        return list(item["values"])
    text = bytes(value & 0xFF for value in item["values"])
    return [text[start:end] for start, end in pairwise(item["offsets"])]
