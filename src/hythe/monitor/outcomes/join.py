"""What is kept of a sampled prediction, so that its true outcome can be joined to it later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, compress, pairwise
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np

from hythe.monitor.outcomes.row_cells import Cells, RowCells, written
from hythe.monitor.records.arrays import Arrays, Cut
from hythe.monitor.records.call import DEGRADED, SHADOW, Call
from hythe.monitor.records.columns import wide
from hythe.monitor.records.record import BatchRecord, Layout
from hythe.monitor.records.sample import drawn

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
    into which cells of the baseline's bins the features fell (`hythe.monitor.outcomes.row_cells`).
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
    chosen = [_Chosen(record, picked) for record in records if (picked := _picked(record, share))]
    for each, cells in zip(chosen, _cells(chosen, find_cells), strict=True):
        layout = each.record.layout
        yield from _joins(each, classes(layout.endpoint, layout.version), cells)


class _Picked(NamedTuple):
    """A call that is kept, when it was answered, and from where to where its rows are in its record."""

    call: Call
    at_ns: int
    start: int
    end: int


class _Chosen(NamedTuple):
    record: BatchRecord
    picked: list[_Picked]

    @property
    def rows(self) -> Iterator[int]:
        """The rows of its calls in the record."""
        return chain.from_iterable([range(each.start, each.end) for each in self.picked])


def _picked(record: BatchRecord, share: float) -> list[_Picked]:
    drawn_ids = drawn(record.calls.id, share)
    if not any(drawn_ids) or not record.outputs:
        return []
    ends = accumulate(wide(record.calls.rows, len(record.calls)))
    chosen = zip(
        record.calls.chosen(drawn_ids),
        compress(record.moments(), drawn_ids),
        compress(ends, drawn_ids),
        strict=True,
    )
    return [
        _Picked(call, at_ns, end - call.rows, end)
        for call, at_ns, end in chosen
        if call.outcome == "answered" and not call.flags & SHADOW
    ]


def _cells(chosen: Sequence[_Chosen], find: FindCells) -> list[Cells | None]:
    """Find the cells of what each record gives, all records of one layout together: it costs by the call."""
    alike: dict[tuple[str, str, int], list[int]] = {}
    for place, (record, _) in enumerate(chosen):
        if isinstance(record.inputs, Cut):
            key = (record.layout.endpoint, record.layout.version, id(record.inputs.cuts))
            alike.setdefault(key, []).append(place)
    found: list[Cells | None] = [None] * len(chosen)
    for (endpoint, version, _), places in alike.items():
        reader = find(endpoint, version)
        if reader is not None:
            those = [chosen[place] for place in places]
            before = accumulate([each.record.rows for each in those], initial=0)
            rows = [start + row for start, each in zip(before, those, strict=False) for row in each.rows]
            cells = reader.of([each.record for each in those], np.array(rows, dtype=np.intp))
            ends = accumulate([sum(1 for _ in each.rows) for each in those], initial=0)
            for place, (start, end) in zip(places, pairwise(ends), strict=True):
                found[place] = cells[start:end]
    return found


def _joins(chosen: _Chosen, classes: Mapping[str, Sequence[Any]], cells: Cells | None) -> Iterator[Join]:
    outputs, row = _narrow(chosen.record.outputs), 0
    named = {name: list(found) for name, found in classes.items() if name in outputs}
    for call, at_ns, start, end in chosen.picked:
        values = {name: array[start:end] for name, array in outputs.items()}
        kept = "" if cells is None else written(cells[row : row + end - start])
        yield _join(chosen.record.layout, call, at_ns, values, named, kept)
        row += end - start


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
