"""What came together of one version in a second or some, as columns, so that counting is vectorised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.misfit import Fault
from hythe.bundle.rows import Array
from hythe.monitor.records.arrays import as_array, together
from hythe.monitor.records.call import PART, RESCUED, SHADOW
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.columns import wide
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.windows.score import Score

Key = tuple[str, str, float, int, int]
"""Endpoint, version, share of the traffic, the plan's revision, the period's first second."""
Scores = Callable[[str], Score | None]
"""Finds the score of an endpoint, the same for all its arms."""
_Parts = dict[tuple[str, tuple[int, ...]], list[Any]]


def no_score(_endpoint: str) -> Score | None:
    """Find none."""
    return None


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests of a group: one element each, those that a part only belongs to left out."""

    calls: Calls
    answered: NDArray[np.bool_]
    duration_s: NDArray[np.float64]
    queue_s: NDArray[np.float64]

    @classmethod
    def of(cls, calls: Calls) -> Requests:
        """Make arrays of calls."""
        parts = calls.having(PART)
        whole = calls if parts is None else calls.chosen([not part for part in parts])
        n = len(whole)
        return cls(
            whole,
            np.array([outcome == "answered" for outcome in wide(whole.outcome, n)], dtype=np.bool_),
            np.array(wide(whole.duration_s, n), dtype=np.float64),
            np.array(wide(whole.queue_s, n), dtype=np.float64),
        )

    def kinds(self) -> Counter[tuple[str, str, int]]:
        """Count requests by their outcome, its reason and flags."""
        calls, n = self.calls, len(self.calls)
        return Counter(zip(wide(calls.outcome, n), wide(calls.reason, n), wide(calls.flags, n), strict=True))


@dataclass(slots=True)
class Group:
    """Records of one key, gathered; arrays of one name and shape lie behind each other.

    `score` reads what was predicted, None where the endpoint has none. `rescued` counts failures that another
    version made good. `faults` say what was wrong with the rows of refused requests; `endpoint` and
    `version` say whose they are.
    """

    score: Score | None = None
    rows: int = 0
    answered_rows: int = 0
    counted_rows: int = 0
    run_rows: int = 0
    inference_s: list[float] = field(default_factory=list)
    rescued: int = 0
    faults: list[Fault] = field(default_factory=list)
    endpoint: str = ""
    version: str = ""
    _calls: list[Calls] = field(default_factory=list)
    _copies: list[Calls] = field(default_factory=list)
    _scores: list[NDArray[np.float64]] = field(default_factory=list)
    _inputs: _Parts = field(default_factory=dict)
    _outputs: _Parts = field(default_factory=dict)

    def take(self, records: Sequence[BatchRecord]) -> None:
        """Take records all together; each row of them was answered, and by one arm of one plan."""
        self._calls += [record.calls for record in records]
        rows = sum([record.calls.n_rows for record in records])
        self.rows += rows
        self.answered_rows += rows
        for record in records:
            self._ran(record)
        self.counted_rows += sum([record.rows for record in records if record.inputs])
        _extend(self._inputs, together(record.inputs for record in records))
        _extend(self._outputs, together(record.outputs for record in records))
        if self.score is not None:
            self._scores.append(self.score.of_records(records))

    def add(self, record: BatchRecord, chosen: Sequence[bool] | None = None, *, run: bool = True) -> None:
        """Take a record, or only the `chosen` ones of its calls; `run` counts its call of the model."""
        calls = record.calls if chosen is None else record.calls.chosen(chosen)
        rescued = calls.having(RESCUED)
        seen = calls if rescued is None else calls.chosen([not one for one in rescued])
        self._calls.append(seen)
        self.rescued += len(calls) - len(seen)
        self.faults += record.faults
        self.rows += seen.n_rows
        if run:
            self._ran(record)
        picked = None if chosen is None else _spread(chosen, record.calls)
        answered = _answered(record, picked)
        self.answered_rows += _answered_rows(calls, answered)
        if record.inputs:
            self.counted_rows += record.rows if picked is None else int(picked.sum())
            _extend(self._inputs, record.inputs.items(), picked)
        if record.outputs:
            _extend(self._outputs, record.outputs.items(), answered)
            if self.score is not None:
                scores = self.score.of_requests(record.calls, record.outputs)
                self._scores.append(scores if chosen is None else scores[np.asarray(chosen, dtype=np.bool_)])

    def copy(self, record: BatchRecord) -> None:
        """Take a record of copies that a shadow was asked for."""
        self._copies.append(record.calls)
        self._ran(record)

    @property
    def calls(self) -> Calls:
        """All requests, or their parts, but copies and those of which another version made good."""
        return Calls.stacked(self._calls)

    @property
    def copies(self) -> Calls:
        """The copies that a shadow was asked for."""
        return Calls.stacked(self._copies)

    def inputs(self) -> list[tuple[str, Array]]:
        """Give the input arrays by name; a name whose shape changed has several."""
        return _joined(self._inputs)

    def scores(self) -> NDArray[np.float64] | None:
        """Give the score of each request that has one, 0 to 1, in no order; None without a `score`."""
        if self.score is None:
            return None
        found = np.concatenate(self._scores) if self._scores else np.empty(0)
        return found[~np.isnan(found)]

    def outputs(self) -> list[tuple[str, Array]]:
        """Give the answered rows of the outputs."""
        return _joined(self._outputs)

    def _ran(self, record: BatchRecord) -> None:
        """Count the calls of the model in a record, and their rows."""
        if record.counts_run:
            self.inference_s.append(record.inference_s)
            self.run_rows += record.run_rows
        for seconds, rows in zip(
            record.runs.inference_s, wide(record.runs.rows, len(record.runs)), strict=True
        ):
            if seconds is not None:
                self.inference_s.append(seconds)
                self.run_rows += rows


class Groups(dict[Key, Group]):
    """Groups by key, made when they are asked for."""

    def __init__(self, scores: Scores) -> None:
        super().__init__()
        self._score_of = scores

    def __missing__(self, key: Key) -> Group:
        endpoint, version, *_ = key
        group = self[key] = Group(self._score_of(endpoint), endpoint=endpoint, version=version)
        return group


def groups(records: Sequence[BatchRecord], scores: Scores = no_score, period_s: int = 1) -> Groups:
    """Sort records by their keys, of `period_s` seconds each; what came to no endpoint is in no group."""
    found = Groups(scores)
    alike: dict[Key, list[BatchRecord]] = {}
    for record in records:
        layout, calls = record.layout, record.calls
        if not layout.endpoint or not calls:
            continue
        second = record.at_ns // 1_000_000_000
        second -= second % period_s
        share, revision = calls.share, calls.revision
        if calls.having(SHADOW) is not None:
            _copied(found, record, second)
        elif isinstance(share, list) or isinstance(revision, list) or not _all_answered(record):
            _sort(found, record, second)
        else:
            key = (layout.endpoint, layout.version, share, revision, second)
            alike.setdefault(key, []).append(record)
    for key, those in alike.items():
        found[key].take(those)
    return found


def _copied(found: Groups, record: BatchRecord, second: int) -> None:
    """Take a record of copies, all made under one plan."""
    layout, [revision, *_] = record.layout, wide(record.calls.revision, len(record.calls))
    found[layout.endpoint, layout.version, 0.0, revision, second].copy(record)


def _all_answered(record: BatchRecord) -> bool:
    """Tell whether every row was answered, as nearly always."""
    return record.calls.outcome == "answered" and not record.refused


def _sort(found: Groups, record: BatchRecord, second: int) -> None:
    """Take a record to the groups of its arms."""
    endpoint, version = record.layout.endpoint, record.layout.version
    calls, n = record.calls, len(record.calls)
    arms = [*zip(wide(calls.share, n), wide(calls.revision, n), strict=True)]
    several = sorted(set(arms))
    for place, (share, revision) in enumerate(several):
        group = found[endpoint, version, share, revision, second]
        chosen = None if len(several) == 1 else [arm == (share, revision) for arm in arms]
        # The run of a batch that was shared by several arms counts with the first.
        group.add(record, chosen, run=place == 0)


def _spread(chosen: Sequence[bool], calls: Calls) -> NDArray[np.bool_]:
    return np.repeat(np.asarray(chosen, dtype=np.bool_), wide(calls.rows, len(calls)))


def _answered(record: BatchRecord, picked: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Mark the rows of a record that were answered; None for all of them."""
    if _all_answered(record) and picked is None:
        return None
    outcomes = wide(record.calls.outcome, len(record.calls))
    marked = _spread([outcome == "answered" for outcome in outcomes], record.calls)
    if record.ran:
        marked[record.refused] = False
    return marked if picked is None else marked & picked


def _answered_rows(calls: Calls, answered: NDArray[np.bool_] | None) -> int:
    return calls.n_rows if answered is None else int(answered.sum())


def _extend(
    parts: _Parts, arrays: Iterable[tuple[str, Any]], picked: NDArray[np.bool_] | None = None
) -> None:
    for name, values in arrays:
        array = as_array(values)
        chosen = array if picked is None else array[picked]
        parts.setdefault((name, chosen.shape[1:]), []).append(chosen)


def _joined(parts: _Parts) -> list[tuple[str, Array]]:
    """Give each array whole; it stays so, for whoever asks next."""
    for arrays in parts.values():
        if len(arrays) > 1:
            arrays[:] = [np.concatenate(arrays)]
    return [(name, arrays[0]) for (name, _), arrays in parts.items()]
