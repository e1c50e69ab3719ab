"""Trees that stay inside their own arrays.

scikit-learn follows the child and feature numbers of a tree without checking them, so a file with numbers out
of range can make it read beyond the array, or walk in a circle. No scan of types sees that; this looks at the
numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hythe.base.errors import Corrupt
from hythe.bundle.rows import Array


def check_trees(model: object) -> None:
    """Check every scikit-learn tree inside a loaded model.

    Raises:
        Corrupt: when one leads out of itself, or does not end.

    """
    seen: set[int] = set()
    waiting: list[tuple[Any, int]] = [(model, 0)]
    while waiting:
        item, features = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        module = type(item).__module__
        if module == "sklearn.tree._tree" and type(item).__name__ == "Tree":
            _check(
                item.children_left, item.children_right, item.feature, item.children_left < 0, item.n_features
            )
        elif module == "sklearn.ensemble._hist_gradient_boosting.predictor":
            nodes = item.nodes
            leaf = nodes["is_leaf"].astype(bool)
            _check(nodes["left"], nodes["right"], nodes["feature_idx"], leaf, features)
        else:
            inside = getattr(item, "__dict__", {}).get("n_features_in_", features)
            waiting += [(part, inside) for part in _parts(item)]


def _parts(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    if isinstance(item, list | tuple):
        return item
    if isinstance(item, np.ndarray):
        return item.ravel().tolist() if item.dtype.kind == "O" else ()
    if isinstance(item, type) or callable(item):
        return ()
    inside = getattr(item, "__dict__", None)
    return inside.values() if isinstance(inside, dict) else ()


def _check(left: Array, right: Array, feature: Array, leaf: Array, features: int) -> None:
    """Ask that children come behind their parents (so that walks end) and features exist."""
    count = len(left)
    inner = np.flatnonzero(~leaf)
    for children in (left[inner].astype(np.int64), right[inner].astype(np.int64)):
        if np.any(children <= inner) or np.any(children >= count):
            raise Corrupt("a tree in the model has children out of range; the file is damaged or hostile")
    used = feature[inner].astype(np.int64)
    if count == 0 or np.any(used < 0) or np.any(used >= features):
        raise Corrupt("a tree in the model splits on features out of range; the file is damaged or hostile")
