"""What the JSON of a CatBoost model says."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.lowering.frame import CannotLower

Floats = NDArray[np.float64]
_OTHER_KINDS = ("text_features", "embedding_features")


@dataclass(frozen=True, slots=True)
class Split:
    """A question to one column: whether it is greater than `border`, or its category has the hash `value`."""

    column: int
    border: float = 0.0
    value: int | None = None
    nan_passes: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree by node: where `splits` has none there is a leaf, with its row of `values`."""

    splits: Sequence[Split | None]
    no: NDArray[np.int64]
    yes: NDArray[np.int64]
    values: Floats


@dataclass(frozen=True, slots=True)
class Model:
    """The trees, and how their sums become raw scores: `scale` · sum + `bias` [scores]."""

    trees: list[Tree]
    scale: float
    bias: Floats
    loss: str
    categorical: list[int]

    @property
    def values_asked_for(self) -> dict[int, list[int]]:
        """The hashes that splits compare each categorical column with, in order."""
        asked: dict[int, set[int]] = {column: set() for column in self.categorical}
        for tree in self.trees:
            for split in tree.splits:
                if split is not None and split.value is not None:
                    asked[split.column].add(split.value)
        return {column: sorted(values) for column, values in asked.items()}


def read_model(model: Any) -> Model:
    """Read a fitted model's trees.

    Raises:
        CannotLower: when it computes statistics of categories, or takes texts or embeddings.

    """
    stored = _exported(model)
    features = stored["features_info"]
    other = [kind for kind in _OTHER_KINDS if features.get(kind)]
    if other:
        raise CannotLower(f"CatBoost's {other[0].replace('_', ' ')} have no lowering; train without them")
    if features.get("ctrs") or "ctr_data" in stored:
        raise CannotLower(
            "CatBoost turned categories into target statistics (CTR), which have no lowering; train with "
            "one_hot_max_size of at least the number of categories (up to 255)"
        )
    splits = _Splits(features)
    scale, bias = stored["scale_and_bias"]
    width = len(bias)
    if "oblivious_trees" in stored:
        trees = [_symmetric(tree, splits, width) for tree in stored["oblivious_trees"]]
    else:
        trees = [_unfolded(tree, splits, width) for tree in stored["trees"]]
    if not trees:
        raise CannotLower("the CatBoost model has no trees")
    parameters = stored["model_info"]["params"]
    loss = parameters["loss_function"]["type"]
    return Model(trees, float(scale), np.array(bias, dtype=np.float64), loss, splits.categorical_columns)


def hashes(model: Any, values: Mapping[int, Sequence[Any]], width: int) -> dict[str, int]:
    """Ask CatBoost for the hash of each of its categorical columns' `values`, by the value as text.

    It gives them for the cells of a pool when it exports a model.
    """
    import pandas as pd
    from catboost import Pool

    rows = max(len(items) for items in values.values())
    filled = {column: [*items, *[items[0]] * (rows - len(items))] for column, items in values.items()}
    names = model.feature_names_
    table = pd.DataFrame(
        {
            names[column]: pd.Series(filled[column], dtype=object) if column in filled else 0.0
            for column in range(width)
        },
        index=range(rows),
    )
    stored = _exported(model, Pool(table, cat_features=sorted(values)))
    found = stored["features_info"].get("cat_features_hash", [])
    return {item["value"]: int(np.uint32(item["hash"]).astype(np.int32)) for item in found}


def _exported(model: Any, pool: Any = None) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json", pool=pool)
        return json.loads(path.read_bytes())


class _Splits:
    """Reads splits, which name features by their place among those of their kind."""

    def __init__(self, features: Any) -> None:
        self._floats = features.get("float_features", [])
        self.categorical_columns = [
            item["flat_feature_index"] for item in features.get("categorical_features", [])
        ]

    def read(self, split: Any) -> Split:
        """Read one split."""
        if split["split_type"] == "FloatFeature":
            feature = self._floats[split["float_feature_index"]]
            passes = feature["nan_value_treatment"] == "AsTrue"
            return Split(feature["flat_feature_index"], border=split["border"], nan_passes=passes)
        if split["split_type"] == "OneHotFeature":
            return Split(self.categorical_columns[split["cat_feature_index"]], value=split["value"])
        raise CannotLower(f"CatBoost's split {split['split_type']!r} has no lowering")


def _symmetric(tree: Any, splits: _Splits, width: int) -> Tree:
    """Unfold a tree that asks one question a level; the first answer is the leaf number's lowest bit."""
    levels = [splits.read(split) for split in tree["splits"] or []][::-1]
    inner = 2 ** len(levels) - 1
    places = np.arange(inner)
    leaves = np.array(tree["leaf_values"], dtype=np.float64).reshape(-1, width)
    none = np.full(len(leaves), -1)
    asked = [split for level, split in enumerate(levels) for _ in range(2**level)]
    return Tree(
        splits=[*asked, *[None] * len(leaves)],
        no=np.concatenate([2 * places + 1, none]),
        yes=np.concatenate([2 * places + 2, none]),
        values=np.concatenate([np.zeros((inner, width)), leaves]),
    )


def _unfolded(root: Any, splits: _Splits, width: int) -> Tree:
    """Flatten a nested tree, level by level."""
    nodes, no, yes = [root], [], []
    for node in nodes:
        if "split" in node:
            no.append(len(nodes))
            yes.append(len(nodes) + 1)
            nodes += [node["left"], node["right"]]
        else:
            no.append(-1)
            yes.append(-1)
    zeros = np.zeros(width)
    return Tree(
        splits=[splits.read(node["split"]) if "split" in node else None for node in nodes],
        no=np.array(no),
        yes=np.array(yes),
        values=np.stack([zeros if "split" in node else zeros + np.array(node["value"]) for node in nodes]),
    )
