"""What came together of one version in one second, as columns, so that counting is vectorised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.rows import Array
from hythe.monitor.record import PART, BatchRecord, Call

Key = tuple[str, str, float, int]
"""Endpoint, version, share of the traffic, second."""
_Parts = dict[tuple[str, tuple[int, ...]], list[Any]]


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests of a group: one element each, those that a part only belongs to left out."""

    calls: Sequence[Call]
    answered: NDArray[np.bool_]
    duration_s: NDArray[np.float64]
    queue_s: NDArray[np.float64]

    @classmethod
    def of(cls, calls: Sequence[Call]) -> Requests:
        """Make columns of calls."""
        whole = [call for call in calls if not call.flags & PART]
        return cls(
            whole,
            np.array([call.outcome == "answered" for call in whole], dtype=np.bool_),
            np.array([call.duration_s for call in whole], dtype=np.float64),
            np.array([call.queue_s for call in whole], dtype=np.float64),
        )


@dataclass(slots=True)
class Group:
    """Records of one key, gathered; arrays of one name and shape lie behind each other."""

    calls: list[Call] = field(default_factory=list)
    rows: int = 0
    answered_rows: int = 0
    counted_rows: int = 0
    run_rows: int = 0
    inference_s: list[float] = field(default_factory=list)
    _inputs: _Parts = field(default_factory=dict)
    _outputs: _Parts = field(default_factory=dict)

    def add(self, record: BatchRecord, chosen: Sequence[bool] | None = None, *, run: bool = True) -> None:
        """Take a record, or only the `chosen` ones of its calls; `run` counts its call of the model."""
        calls = record.calls if chosen is None else list(compress(record.calls, chosen))
        self.calls += calls
        self.rows += sum([call.rows for call in calls])
        if run and record.counts_run:
            self.inference_s.append(record.inference_s)
            self.run_rows += record.run_rows
        picked = None if chosen is None else _spread(chosen, record.calls)
        answered = _answered(record, picked)
        self.answered_rows += _answered_rows(calls, answered)
        if record.inputs:
            self.counted_rows += record.rows if picked is None else int(picked.sum())
            _extend(self._inputs, record.inputs, picked)
        if record.outputs:
            _extend(self._outputs, record.outputs, answered)

    def inputs(self) -> list[tuple[str, Array]]:
        """Give the input arrays by name; a name whose shape changed has several."""
        return _joined(self._inputs)

    def outputs(self) -> list[tuple[str, Array]]:
        """Give the answered rows of the outputs."""
        return _joined(self._outputs)


def groups(records: Sequence[BatchRecord]) -> dict[Key, Group]:
    """Sort records by endpoint, version, share and second; what came to no endpoint is in none."""
    found: dict[Key, Group] = {}
    for record in records:
        if not record.layout.endpoint:
            continue
        second = record.at_ns // 1_000_000_000
        layout = record.layout
        shares = {call.share for call in record.calls}
        for place, share in enumerate(sorted(shares)):
            group = found.setdefault((layout.endpoint, layout.version, share, second), Group())
            chosen = None if len(shares) == 1 else [call.share == share for call in record.calls]
            # The run of a batch that was shared by several arms counts with the first.
            group.add(record, chosen, run=place == 0)
    return found


def _spread(chosen: Sequence[bool], calls: Sequence[Call]) -> NDArray[np.bool_]:
    return np.repeat(np.asarray(chosen, dtype=np.bool_), [call.rows for call in calls])


def _answered(record: BatchRecord, picked: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Mark the rows of a record that were answered; None for all of them."""
    outcomes = {call.outcome for call in record.calls}
    if outcomes == {"answered"} and not record.refused and picked is None:
        return None
    marked = _spread([call.outcome == "answered" for call in record.calls], record.calls)
    if record.ran:
        marked[record.refused] = False
    return marked if picked is None else marked & picked


def _answered_rows(calls: Sequence[Call], answered: NDArray[np.bool_] | None) -> int:
    return sum([call.rows for call in calls]) if answered is None else int(answered.sum())


def _extend(parts: _Parts, arrays: Mapping[str, Any], picked: NDArray[np.bool_] | None) -> None:
    for name, values in arrays.items():
        if isinstance(values, list):
            array = np.empty(len(values), dtype=object)
            array[:] = values
        else:
            array = values
        chosen = array if picked is None else array[picked]
        parts.setdefault((name, chosen.shape[1:]), []).append(chosen)


def _joined(parts: _Parts) -> list[tuple[str, Array]]:
    return [
        (name, arrays[0] if len(arrays) == 1 else np.concatenate(arrays))
        for (name, _), arrays in parts.items()
    ]
