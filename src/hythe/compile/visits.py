"""Which example walks through which node of the trees: only there does a threshold decide anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.compile.split_points import Ways, tree_ensembles

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_STEPS = 300_000
"""Rows times trees that are walked at once; more trees are walked by fewer rows."""
_BELOW = 1


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
    """The arrays of one `TreeEnsemble`; a child below 0 is a leaf. `known` marks tests of known columns."""

    roots: Ints
    feature: Ints
    known: NDArray[np.bool_]
    split: Floats
    strict: NDArray[np.bool_]
    yes: Ints
    no: Ints
    missing_yes: NDArray[np.bool_]


def visits(graph: bytes, numbers: Floats, rng: np.random.Generator, *, source: str = "numbers") -> Visits:
    """Let `numbers` [rows, columns], as they enter `source`, walk down all trees whose tests can be followed.

    Where a node tests something else (codes, sums of columns), a row goes either way at random. Thresholds
    are given as inputs: where a column was scaled, the input whose image stands just before the threshold.
    """
    found: list[Visits] = []
    for ensemble, ways in tree_ensembles(graph, source=source):
        if any(way is not None for way in ways):
            nodes = _read(ensemble, ways)
            rows = min(len(numbers), max(MOST_STEPS // max(nodes.roots.size, 1), 1))
            picked = np.sort(rng.choice(len(numbers), rows, replace=False))
            seen = _seen(numbers[picked], ways)
            walked = [_walked(nodes, int(root), seen, rng) for root in np.unique(nodes.roots)]
            found.append(_as_inputs(_joined(walked), ways, picked, strict=bool(nodes.strict.any())))
    return _without_repeats(_joined(found))


def _joined(parts: Sequence[Visits]) -> Visits:
    if not parts:
        return Visits(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))
    return Visits(
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.threshold for part in parts]),
        np.concatenate([part.distance for part in parts]),
    )


def _seen(numbers: Floats, ways: Ways) -> Floats:
    """Compute what the trees see, [rows, columns of the trees' tensor]; NaN where it is not known."""
    seen = np.full((len(numbers), len(ways)), np.nan)
    for index, way in enumerate(ways):
        if way is not None:
            seen[:, index] = way(numbers[:, way.column])
    return seen


def _as_inputs(walked: Visits, ways: Ways, picked: Ints, *, strict: bool) -> Visits:
    """Name the rows and columns of the input, and the inputs that stand on the thresholds."""
    threshold, column = walked.threshold.copy(), walked.column.copy()
    for feature in np.unique(walked.column).tolist():
        way, own = ways[feature], walked.column == feature
        assert way is not None  # noqa: S101 - only known columns are visited
        points, where = np.unique(walked.threshold[own], return_inverse=True)
        threshold[own] = way.back(points, strict=strict)[where]
        column[own] = way.column
    held = np.isfinite(threshold)
    return Visits(picked[walked.row[held]], column[held], threshold[held], walked.distance[held])


def _read(ensemble: Any, ways: Ways) -> _Nodes:
    from onnx import numpy_helper

    attributes = {item.name: item for item in ensemble.attribute}

    def ints(name: str) -> Ints:
        return np.array(attributes[name].ints, dtype=np.int64)

    def floats(name: str) -> Any:
        return numpy_helper.to_array(attributes[name].t)

    feature, split, mode = ints("nodes_featureids"), floats("nodes_splits"), floats("nodes_modes")
    known = np.array([way is not None for way in ways])
    missing = "nodes_missing_value_tracks_true"
    within = np.minimum(feature, known.size - 1)
    return _Nodes(
        roots=ints("tree_roots"),
        feature=within,
        known=(feature < known.size) & known[within] & (mode <= _BELOW) & np.isfinite(split),
        split=split.astype(np.float64),
        strict=np.asarray(mode == _BELOW),
        yes=np.where(ints("nodes_trueleafs") == 1, -1, ints("nodes_truenodeids")),
        no=np.where(ints("nodes_falseleafs") == 1, -1, ints("nodes_falsenodeids")),
        missing_yes=ints(missing).astype(np.bool_)
        if missing in attributes
        else np.zeros(feature.size, np.bool_),
    )


def _walked(nodes: _Nodes, root: int, seen: Floats, rng: np.random.Generator) -> Visits:
    """Walk one tree; a node keeps the row that comes nearest to its threshold."""
    rows, at = np.arange(len(seen)), np.full(len(seen), root)
    found: list[tuple[Ints, Ints, Floats]] = []
    while rows.size:
        cells, split, known = seen[rows, nodes.feature[at]], nodes.split[at], nodes.known[at]
        apart = np.where(known & np.isfinite(cells), np.abs(cells - split), np.inf)
        found.append((at, rows, apart))
        left = np.where(nodes.strict[at], cells < split, cells <= split)
        left = np.where(np.isnan(cells), nodes.missing_yes[at], left)
        left = np.where(known, left, rng.random(rows.size) < 0.5)  # noqa: PLR2004 - either way
        after = np.where(left, nodes.yes[at], nodes.no[at])
        inner = after >= 0
        rows, at = rows[inner], after[inner]
    node, row, apart = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((apart, node))
    best = order[_changes(node[order]) & np.isfinite(apart[order])]
    return Visits(row[best], nodes.feature[node[best]], nodes.split[node[best]], apart[best])


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
