"""Values on and beside the split points of trees, and their way into rows that trees walk down for real."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.rows import Array
from hythe.bundle.schema import EXACT_INTEGER, Column

Floats = NDArray[np.float64]
SplitPoints = Mapping[str, Floats]
"""Column name to the thresholds that trees compare it with, in any order."""
Rings = Mapping[str, Floats]
"""Sorted values without repeats, by how they lie to the thresholds; the most telling first."""

ON = "thresholds"
ULP = "one ulp beside a threshold"
SINGLE = "float32 neighbours of a threshold"


def rings(column: Column, thresholds: Floats) -> Rings:
    """List the values to try for a column.

    For a float64 column: each threshold; one ulp below and above; its neighbours in float32, because many
    trees compare float32 casts. Narrower columns can only hold their own neighbours of a threshold.

    >>> {name: values.tolist() for name, values in rings(Column("age", "int64"), np.array([17.5])).items()}
    {'one ulp beside a threshold': [17.0, 18.0]}
    """
    points = np.unique(thresholds[np.isfinite(thresholds)])
    if column.type == "float64":
        beside = np.concatenate([np.nextafter(points, -np.inf), np.nextafter(points, np.inf)])
        return _without_repeats({ON: points, ULP: beside, SINGLE: _singles(points)})
    if column.type == "float32":
        return _without_repeats({SINGLE: _singles(points)})
    low, high = _integer_range(column)
    inside = points[(points >= low) & (points < high)]
    return _without_repeats({ULP: np.concatenate([np.floor(inside), np.floor(inside) + 1.0])})


def chosen(values: Rings, room: int, rng: np.random.Generator) -> Rings:
    """Take whole rings while they fit into `room`, then a sample of the first that does not."""
    taken: dict[str, Floats] = {}
    for name, ring in values.items():
        left = max(room - sum(item.size for item in taken.values()), 0)
        taken[name] = ring if ring.size <= left else rng.choice(ring, size=left, replace=False)
    return taken


def place(values: Rings, base: Array, rng: np.random.Generator) -> Floats:
    """Put `values` into a column of base rows, each into the row whose own value is nearest in rank.

    Rows left over keep their value.

    >>> place({ON: np.array([15.0])}, np.array([30.0, 10.0, 20.0]), np.random.default_rng(0)).tolist()
    [30.0, 15.0, 20.0]
    """
    wanted = np.sort(np.concatenate(list(values.values())))
    moved = base.astype(np.float64)
    if wanted.size:
        ties = rng.permutation(base.size)
        ranked = ties[np.argsort(moved[ties], kind="stable")]
        moved[ranked[(np.arange(wanted.size) * base.size) // wanted.size]] = wanted
    return moved


def without(values: Rings, present: Floats) -> Rings:
    """Leave out the values that stand somewhere already.

    >>> {name: left.tolist() for name, left in without({ON: np.array([1.0, 2.0])}, np.array([2.0])).items()}
    {'thresholds': [1.0]}
    """
    return {name: ring[~np.isin(ring, present)] for name, ring in values.items()}


def _singles(points: Floats) -> Floats:
    """Give the float32 values at and around each point: one below, the nearest, one above."""
    up, down = np.float32(np.inf), np.float32(-np.inf)
    with np.errstate(over="ignore", under="ignore"):
        nearest = points.astype(np.float32)
        around = (nearest, np.nextafter(nearest, down), np.nextafter(nearest, up))
    return np.concatenate([item.astype(np.float64) for item in around])


def _integer_range(column: Column) -> tuple[float, float]:
    if column.type == "bool":
        return 0.0, 1.0
    if not column.type.startswith(("int", "uint")):
        return 0.0, 0.0
    info = np.iinfo(column.type)
    return float(max(info.min, -EXACT_INTEGER)), float(min(info.max, EXACT_INTEGER))


def _without_repeats(values: Rings) -> Rings:
    """Sort each ring and leave out what an earlier one has."""
    seen = np.empty(0)
    kept: dict[str, Floats] = {}
    for name, ring in values.items():
        fresh = np.setdiff1d(ring[np.isfinite(ring)], seen)
        seen = np.union1d(seen, fresh)
        kept[name] = fresh
    return kept
