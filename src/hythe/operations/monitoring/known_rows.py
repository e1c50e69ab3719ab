"""Kept predictions as rows: what was answered, what was told, and the cells of the features."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from hythe.base.errors import Corrupt
from hythe.monitor.feedback import OUTCOME
from hythe.monitor.performance.known import KnownRow
from hythe.monitor.row_cells import UNKNOWN, read_cells
from hythe.registry.labelled import LabelledPrediction
from hythe.statistics.places import Places

_VALUE = "value:"


class _Kept(msgspec.Struct, frozen=True):
    """What the document of a join record holds that performance needs."""

    share: float
    key: str
    outputs: dict[str, list[Any]]
    classes: dict[str, list[Any]] = {}
    cells: str = ""


@dataclass(slots=True)
class KnownRows:
    """Rows of one version, its business `values` of rows by name, and by feature the cells of all rows.

    A row whose cells are not known has `UNKNOWN` in all.
    """

    features: tuple[str, ...]
    rows: list[KnownRow] = field(default_factory=list)
    values: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    matrix: list[np.ndarray[Any, np.dtype[np.uint8]]] = field(default_factory=list)

    def cells(self, feature: str) -> Places | None:
        """Give the cell of each row; None where the feature is not kept."""
        if feature not in self.features or not self.matrix:
            return None
        column: Places = np.concatenate(self.matrix)[:, self.features.index(feature)].astype(np.intp)
        return column


def known_rows(
    found: Iterable[LabelledPrediction],
    version: str,
    features: tuple[str, ...],
    counts: Callable[[int], bool] = lambda _revision: True,
) -> KnownRows:
    """Read a version's kept predictions that were drawn for it; `counts` tells of a revision whether it does.

    Raises:
        Corrupt: when one cannot be read.

    """
    known = KnownRows(features)
    for each in found:
        join = each.join
        if join.version != version or not counts(join.revision):
            continue
        try:
            kept = msgspec.json.decode(join.document, type=_Kept)
            if kept.share > 0:
                _add(known, each, kept)
        except (msgspec.MsgspecError, IndexError, TypeError) as err:
            raise Corrupt(f"the kept prediction {join.id} cannot be read: {err}; remove it") from err
    return known


def _add(known: KnownRows, each: LabelledPrediction, kept: _Kept) -> None:
    outcomes = {}
    for part in each.told:
        if part.part == OUTCOME:
            outcomes[part.row] = msgspec.json.decode(part.value)
        elif part.part.startswith(_VALUE):
            told = known.values.setdefault(part.part.removeprefix(_VALUE), [])
            told.append((kept.key, float(msgspec.json.decode(part.value))))
    for row in range(each.join.rows):
        outputs = {name: array[row] for name, array in kept.outputs.items()}
        known.rows.append(KnownRow(outputs, kept.classes, kept.key, outcomes.get(each.join.first + row)))
    cells = read_cells(kept.cells, each.join.rows, len(known.features))
    if cells is None:
        cells = np.full((each.join.rows, len(known.features)), UNKNOWN, dtype=np.uint8)
    known.matrix.append(cells)
