"""What is kept of a sampled prediction, so that its true outcome can be joined to it later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import msgspec
import numpy as np

from hythe.monitor.arrays import Arrays, Cut
from hythe.monitor.record import DEGRADED, SHADOW, BatchRecord, Call, Layout
from hythe.monitor.row_cells import Cells, RowCells, written
from hythe.monitor.sample import DRAW, least

MOST_VALUES = 64
"""An output with more values than this in a row is left out."""
Classes: TypeAlias = Callable[[str, str], Mapping[str, Sequence[Any]]]
"""Gives, by endpoint and version, the classes of those outputs that have any, by the output's name."""
FindCells: TypeAlias = Callable[[str, str], RowCells | None]
"""Gives, by endpoint and version, what finds the cells of rows; None where there is no baseline."""


class Join(msgspec.Struct, frozen=True, gc=False):
    """One answered request: `rows` rows from index `first`, each with its values in `outputs`.

    Row `i` of it has the prediction id `f"{id}:{first + i}"`. `share` is the arm's share of the traffic when
    it was chosen, by the plan of `revision`, `key` the sticky key's hash or "", `at_ns` UTC. `classes` names
    the values of the outputs that have classes: the version may be gone when the outcome comes. `cells` says
    into which cells of the baseline's bins the features fell (`hythe.monitor.row_cells`).
    """

    id: str
    first: int
    rows: int
    at_ns: int
    endpoint: str
    version: str
    share: float
    key: str
    degraded: bool
    outputs: dict[str, list[Any]]
    revision: int = 0
    classes: dict[str, list[Any]] = {}
    cells: str = ""


def no_cells(_endpoint: str, _version: str) -> RowCells | None:
    """Know of no baseline."""
    return None


def no_classes(_endpoint: str, _version: str) -> Mapping[str, Sequence[Any]]:
    """Know of no classes."""
    return {}


def joins(
    records: Sequence[BatchRecord],
    share: float,
    classes: Classes = no_classes,
    find_cells: FindCells = no_cells,
) -> Iterator[Join]:
    """Give the joins of the requests that were answered by a model and are in the sample of `share`."""
    if share <= 0:
        return
    drawn = least(share)
    chosen = []
    for record in records:  # nearly all have one call, for which a list would take twice the time
        for call in record.calls:
            if call.id[DRAW] >= drawn:
                if record.outputs:
                    chosen.append(record)
                break
    for record, cells in zip(chosen, _cells(chosen, find_cells), strict=True):
        yield from _joins(record, drawn, classes(record.layout.endpoint, record.layout.version), cells)


def _cells(records: Sequence[BatchRecord], find: FindCells) -> list[Cells | None]:
    """Find the cells of each record's rows, all records of one layout together: it costs by the call."""
    alike: dict[tuple[str, str, int], list[int]] = {}
    for place, record in enumerate(records):
        if isinstance(record.inputs, Cut):
            key = (record.layout.endpoint, record.layout.version, id(record.inputs.cuts))
            alike.setdefault(key, []).append(place)
    found: list[Cells | None] = [None] * len(records)
    for (endpoint, version, _), those in alike.items():
        reader = find(endpoint, version)
        if reader is not None:
            cells = reader.of([records[place] for place in those])
            ends = np.cumsum([0, *(records[place].rows for place in those)]).tolist()
            for place, (start, end) in zip(those, pairwise(ends), strict=True):
                found[place] = cells[start:end]
    return found


def _joins(
    record: BatchRecord, drawn: str, classes: Mapping[str, Sequence[Any]], cells: Cells | None
) -> Iterator[Join]:
    outputs, start = _narrow(record.outputs), 0
    named = {name: list(found) for name, found in classes.items() if name in outputs}
    for call, at_ns in zip(record.calls, record.moments(), strict=True):
        end = start + call.rows
        if call.outcome == "answered" and call.id[DRAW] >= drawn and not call.flags & SHADOW:
            values = {name: array[start:end] for name, array in outputs.items()}
            kept = "" if cells is None else written(cells[start:end])
            yield _join(record.layout, call, at_ns, values, named, kept)
        start = end


def _join(
    layout: Layout,
    call: Call,
    at_ns: int,
    outputs: dict[str, list[Any]],
    classes: dict[str, list[Any]],
    cells: str,
) -> Join:
    return Join(
        call.id,
        call.first,
        call.rows,
        at_ns,
        layout.endpoint,
        layout.version,
        call.share,
        call.key,
        bool(call.flags & DEGRADED),
        outputs,
        call.revision,
        classes,
        cells,
    )


def _narrow(outputs: Arrays) -> dict[str, list[Any]]:
    """Give the outputs whose rows are kept, as lists."""
    return {
        name: values if isinstance(values, list) else values.tolist()
        for name, values in outputs.items()
        if isinstance(values, list) or values[:1].size <= MOST_VALUES
    }
