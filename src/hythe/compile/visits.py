"""Which example walks through which node of the trees: only there does a threshold decide anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.split_points import Columns, tree_ensembles

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_STEPS = 300_000
"""Rows times trees that are walked at once; more trees are walked by fewer rows."""
_AT_MOST, _BELOW = 0, 1


@dataclass(frozen=True, slots=True)
class Visits:
    """For each node that a row walks through: the row nearest to its threshold, the column, the threshold.

    `distance` is how far that row's cell is from the threshold.
    """

    row: Ints
    column: Ints
    threshold: Floats
    distance: Floats


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The arrays of one `TreeEnsemble`; a child below 0 is a leaf, a `column` below 0 is not known."""

    roots: Ints
    column: Ints
    split: Floats
    mode: Ints
    yes: Ints
    no: Ints
    missing_yes: NDArray[np.bool_]


def visits(graph: bytes, numbers: Floats, rng: np.random.Generator, *, source: str = "numbers") -> Visits:
    """Let `numbers` [rows, columns], as they enter `source`, walk down all trees that see them unchanged.

    Where a node compares something else (codes, scaled numbers), a row goes either way at random.
    """
    found: list[Visits] = []
    for ensemble, columns in tree_ensembles(graph, source=source):
        if any(column is not None for column in columns):
            nodes = _read(ensemble, columns)
            rows = min(len(numbers), max(MOST_STEPS // max(nodes.roots.size, 1), 1))
            picked = np.sort(rng.choice(len(numbers), rows, replace=False))
            found += [_walked(nodes, int(root), numbers, picked, rng) for root in np.unique(nodes.roots)]
    parts = zip(*((item.row, item.column, item.threshold, item.distance) for item in found), strict=True)
    joined = [np.concatenate(part) for part in parts]
    return _without_repeats(Visits(*joined)) if joined else Visits(*_NOTHING)


_NOTHING = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))


def _read(ensemble: Any, columns: Columns) -> _Nodes:
    from onnx import numpy_helper

    attributes = {item.name: item for item in ensemble.attribute}

    def ints(name: str) -> Ints:
        return np.array(attributes[name].ints, dtype=np.int64)

    def floats(name: str) -> Any:
        return numpy_helper.to_array(attributes[name].t)

    feature = ints("nodes_featureids")
    known = np.array([-1 if column is None else column for column in columns] or [-1])
    missing = "nodes_missing_value_tracks_true"
    return _Nodes(
        roots=ints("tree_roots"),
        column=np.where(feature < known.size, known[np.minimum(feature, known.size - 1)], -1),
        split=floats("nodes_splits").astype(np.float64),
        mode=floats("nodes_modes").astype(np.int64),
        yes=np.where(ints("nodes_trueleafs") == 1, -1, ints("nodes_truenodeids")),
        no=np.where(ints("nodes_falseleafs") == 1, -1, ints("nodes_falsenodeids")),
        missing_yes=ints(missing).astype(np.bool_)
        if missing in attributes
        else np.zeros(feature.size, np.bool_),
    )


def _walked(nodes: _Nodes, root: int, numbers: Floats, picked: Ints, rng: np.random.Generator) -> Visits:
    """Walk one tree; a node keeps the row that comes nearest to its threshold."""
    rows, at = picked, np.full(picked.size, root)
    found: list[tuple[Ints, Ints, Floats]] = []
    while rows.size:
        column, split = nodes.column[at], nodes.split[at]
        with np.errstate(over="ignore"):
            cells = numbers[rows, column].astype(np.float32).astype(np.float64)
        compares = (column >= 0) & (nodes.mode[at] <= _BELOW) & np.isfinite(split)
        apart = np.where(compares & np.isfinite(cells), np.abs(cells - split), np.inf)
        found.append((at, rows, apart))
        left = np.where(nodes.mode[at] == _AT_MOST, cells <= split, cells < split)
        left = np.where(np.isnan(cells), nodes.missing_yes[at], left)
        left = np.where(compares, left, rng.random(rows.size) < 0.5)  # noqa: PLR2004 - either way
        after = np.where(left, nodes.yes[at], nodes.no[at])
        inner = after >= 0
        rows, at = rows[inner], after[inner]
    node, row, apart = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((apart, node))
    best = order[_changes(node[order]) & np.isfinite(apart[order])]
    return Visits(row[best], nodes.column[node[best]], nodes.split[node[best]], apart[best])


def _without_repeats(found: Visits) -> Visits:
    """Keep one visit of each threshold by each row: trees are repeated for several targets."""
    order = np.lexsort((found.threshold, found.column, found.row))
    fresh = _changes(found.row[order], found.column[order], found.threshold[order])
    kept = order[fresh]
    return Visits(found.row[kept], found.column[kept], found.threshold[kept], found.distance[kept])


def _changes(*keys: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark where a run of equal keys begins."""
    begins = np.ones(keys[0].size, dtype=np.bool_)
    begins[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return begins


def placed(found: Visits, numbers: Floats, rng: np.random.Generator, *, room: int) -> tuple[Ints, Floats]:
    """Set cells of the visiting rows to the thresholds: at most `room` rows, many columns changed in each.

    Gives the row that each was made from, and the rows. A row takes one threshold a column, the nearest ones
    first: the less it moves, the more nodes it still passes.
    """
    order = np.lexsort((found.distance, found.column, found.row))
    row, column, threshold = found.row[order], found.column[order], found.threshold[order]
    positions = np.arange(row.size)
    turn = positions - np.maximum.accumulate(np.where(_changes(row, column), positions, 0))
    by_row = np.lexsort((turn, row))
    begins = _changes(row[by_row], turn[by_row])
    bases = row[by_row][begins]
    rows = numbers[bases].copy()
    rows[np.cumsum(begins) - 1, column[by_row]] = threshold[by_row]
    kept = np.sort(rng.choice(len(rows), min(room, len(rows)), replace=False))
    return bases[kept], rows[kept]
