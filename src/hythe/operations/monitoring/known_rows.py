"""Kept predictions as rows: what was answered, what was told, and the cells of the features."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from hythe.base.errors import Corrupt
from hythe.monitor.outcomes.feedback import OUTCOME
from hythe.monitor.outcomes.row_cells import UNKNOWN, read_cells
from hythe.monitor.performance.known import KnownRow
from hythe.registry.labelled import LabelledPrediction
from hythe.runtime.log import Log
from hythe.statistics.places import Places

_VALUE = "value:"
_LOG = Log("hythe.monitoring")


class _Kept(msgspec.Struct, frozen=True):
    """What the document of a join record holds that performance needs."""

    share: float
    key: str
    outputs: dict[str, list[Any]]
    classes: dict[str, list[Any]] = {}
    cells: str = ""


@dataclass(slots=True)
class KnownRows:
    """Rows of one version, its business `values` of rows by name, and the cells of all rows.

    `matrix` has a column of cells for each feature; None where there are no rows. A row whose cells are not
    known has `UNKNOWN` in all. `broken` predictions could not be read.
    """

    features: tuple[str, ...]
    rows: list[KnownRow] = field(default_factory=list)
    values: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    matrix: np.ndarray[Any, np.dtype[np.uint8]] | None = None
    broken: int = 0

    def cells(self, feature: str) -> Places | None:
        """Give the cell of each row; None where the feature is not kept."""
        if feature not in self.features or self.matrix is None:
            return None
        column: Places = self.matrix[:, self.features.index(feature)].astype(np.intp)
        return column


def known_rows(
    found: Iterable[LabelledPrediction],
    version: str,
    features: tuple[str, ...],
    counts: Callable[[int], bool] = lambda _revision: True,
) -> KnownRows:
    """Read a version's kept predictions that were drawn for it, of the revisions that `counts` takes."""
    known = KnownRows(features)
    cells = []
    for each in found:
        join = each.join
        if join.version != version or not counts(join.revision):
            continue
        try:
            kept = msgspec.json.decode(join.document, type=_Kept)
            if kept.share > 0:
                cells.append(_add(known, each, kept))
        except (msgspec.MsgspecError, IndexError, TypeError, ValueError, Corrupt) as err:
            known.broken += 1
            _LOG.error("a kept prediction cannot be read", id=join.id, reason=str(err))
    known.matrix = np.concatenate(cells) if cells else None
    return known


def _add(known: KnownRows, each: LabelledPrediction, kept: _Kept) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Add the rows of one prediction, all of them, or none where it raises; give their cells."""
    join, width = each.join, len(known.features)
    told = [(part, msgspec.json.decode(part.value)) for part in each.told]
    outcomes = {part.row: value for part, value in told if part.part == OUTCOME}
    rows = [
        KnownRow(
            {name: array[row] for name, array in kept.outputs.items()},
            kept.classes,
            kept.key,
            outcomes.get(join.first + row),
        )
        for row in range(join.rows)
    ]
    values = [
        (part.part.removeprefix(_VALUE), float(value)) for part, value in told if part.part.startswith(_VALUE)
    ]
    cells = read_cells(kept.cells, join.rows, width)
    known.rows += rows
    for name, value in values:
        known.values.setdefault(name, []).append((kept.key, value))
    return np.full((join.rows, width), UNKNOWN, dtype=np.uint8) if cells is None else cells
