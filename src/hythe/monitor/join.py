"""What is kept of a sampled prediction, so that its true outcome can be joined to it later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from hythe.monitor.arrays import Arrays
from hythe.monitor.record import DEGRADED, SHADOW, BatchRecord, Call
from hythe.monitor.sample import DRAW, least

MOST_VALUES = 64
"""An output with more values than this in a row is left out."""
Classes: TypeAlias = Callable[[str, str], Mapping[str, Sequence[Any]]]
"""Gives, by endpoint and version, the classes of those outputs that have any, by the output's name."""


class Join(msgspec.Struct, frozen=True, gc=False):
    """One answered request: `rows` rows from index `first`, each with its values in `outputs`.

    Row `i` of it has the prediction id `f"{id}:{first + i}"`. `share` is the arm's share of the traffic when
    it was chosen, by the plan of `revision`, `key` the sticky key's hash or "", `at_ns` UTC. `classes` names
    the values of the outputs that have classes: the version may be gone when the outcome comes.
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


def no_classes(_endpoint: str, _version: str) -> Mapping[str, Sequence[Any]]:
    """Know of no classes."""
    return {}


def joins(records: Sequence[BatchRecord], share: float, classes: Classes = no_classes) -> Iterator[Join]:
    """Give the joins of the requests that were answered by a model and are in the sample of `share`."""
    if share <= 0:
        return
    drawn = least(share)
    for record in records:
        if record.outputs and [call for call in record.calls if call.id[DRAW] >= drawn]:
            yield from _joins(record, drawn, classes(record.layout.endpoint, record.layout.version))


def _joins(record: BatchRecord, drawn: str, classes: Mapping[str, Sequence[Any]]) -> Iterator[Join]:
    outputs, start = _narrow(record.outputs), 0
    named = {name: list(found) for name, found in classes.items() if name in outputs}
    for call in record.calls:
        end = start + call.rows
        if call.outcome == "answered" and call.id[DRAW] >= drawn and not call.flags & SHADOW:
            values = {name: array[start:end] for name, array in outputs.items()}
            yield _join(record, call, values, named)
        start = end


def _join(
    record: BatchRecord, call: Call, outputs: dict[str, list[Any]], classes: dict[str, list[Any]]
) -> Join:
    return Join(
        call.id,
        call.first,
        call.rows,
        record.at_ns,
        record.layout.endpoint,
        record.layout.version,
        call.share,
        call.key,
        bool(call.flags & DEGRADED),
        outputs,
        call.revision,
        classes,
    )


def _narrow(outputs: Arrays) -> dict[str, list[Any]]:
    """Give the outputs whose rows are kept, as lists."""
    return {
        name: values if isinstance(values, list) else values.tolist()
        for name, values in outputs.items()
        if isinstance(values, list) or values[:1].size <= MOST_VALUES
    }
