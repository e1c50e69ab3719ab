"""What a shadow would have shown, from rows that were recorded: two versions answer them, side by side."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.base.errors import CallerError, Invalid
from hythe.base.progress import Progress, Quiet
from hythe.bundle.baseline import Baseline
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Schema
from hythe.monitor.comparison import Comparison, Differences, widths
from hythe.operations.load import load
from hythe.operations.placing import Placing
from hythe.operations.tables import read_table
from hythe.registry.registry import Registry
from hythe.runtime.answers import Labeller
from hythe.runtime.predictor import Predictor

BATCH_ROWS = 1024
_REFUSED = 1.0
"""How bad a row is that only one of them refuses, beside the sizes of `Differences`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """Beyond which `margin` a score moved, on which share of rows versions may differ, worst rows to show."""

    margin: float = 0.01
    most: float = 0.1
    shown: int = 10

    def __post_init__(self) -> None:
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise Invalid(f"the margin is {self.margin}; give 0 or more")
        if not 0.0 <= self.most <= 1.0:
            raise Invalid(f"the share of rows that may differ is {self.most}; give one from 0 to 1")
        if self.shown < 0:
            raise Invalid(f"{self.shown} of the worst rows cannot be shown; give 0 or more")


class ReplayedRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row that both answered otherwise; None is a refusal. Sensitive columns are not in `features`."""

    row: int
    kind: str
    size: float
    answer: dict[str, Any] | None
    against: dict[str, Any] | None
    features: dict[str, Any] = {}


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How `version` answers `rows` rows, held against how `against` does.

    `changed` rows have another label, `moved` ones a score that differs by more than `margin`. Of rows that
    only one refuses, `refused` are those that `version` does. `seconds` are of the calls of each.
    `disagreement` is the share of rows with another label, or refused by one alone; without labels,
    those that moved count instead. They agree when it is at most `most`. `worst` are the worst, in order.
    """

    version: str
    against: str
    rows: int
    margin: float
    most: float
    changed: int
    moved: int
    refused: int
    refused_by_against: int
    disagreement: float
    agrees: bool
    seconds: float
    seconds_against: float
    worst: tuple[ReplayedRow, ...] = ()


def replay(
    registry: Registry,
    ref: str,
    against: str,
    data: Path,
    options: ReplayOptions | None = None,
    placing: Placing | None = None,
    progress: Progress | None = None,
) -> Replayed:
    """Have two versions answer the rows of a file; columns that neither reads are left out.

    Raises:
        Invalid: when a row does not fit one of the versions.
        NotFound, Untrusted, Corrupt: when a version cannot be loaded.

    """
    chosen = options or ReplayOptions()
    bar = progress or Quiet()
    table = read_table(data)
    ours, theirs = registry.resolve(ref).ref, registry.resolve(against).ref
    with (
        load(registry, theirs, placing=placing, progress=bar) as champion,
        load(registry, ours, placing=placing, progress=bar) as candidate,
    ):
        pair = _Pair(champion, candidate, chosen, _widths(registry, theirs))
        for start in range(0, table.num_rows, BATCH_ROWS):
            bar.step("replaying", start, table.num_rows)
            pair.take(table.slice(start, BATCH_ROWS), start)
    return pair.result(ours, theirs)


@dataclass(slots=True)
class _Totals:
    rows: int = 0
    changed: int = 0
    moved: int = 0
    refused: int = 0
    refused_by_against: int = 0
    disagreed: int = 0
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])


class _Pair:
    """Two loaded versions, and what they did so far."""

    def __init__(
        self,
        champion: Predictor,
        candidate: Predictor,
        options: ReplayOptions,
        widths: Mapping[str, float],
    ) -> None:
        self._both = champion, candidate
        self._options = options
        outputs = champion.schema.outputs, candidate.schema.outputs
        self._compare = Comparison(*outputs, options.margin, widths)
        self._label = [Labeller(one.schema.outputs, text_keys=True) for one in self._both]
        self._totals = _Totals()
        self._worst: list[ReplayedRow] = []

    def take(self, rows: pa.Table, start: int) -> None:
        """Have both answer rows, of which the first is row `start` of all."""
        left, right = (self._answered(place, rows, start) for place in (0, 1))
        both = ~left.refused & ~right.refused
        found = self._compared(left, right, both)
        totals, alone = self._totals, left.refused != right.refused
        totals.rows += rows.num_rows
        totals.changed += int(found.changed.sum())
        totals.moved += int(found.moved.sum())
        totals.refused += int((right.refused & alone).sum())
        totals.refused_by_against += int((left.refused & alone).sum())
        differs = found.changed if self._compare.labelled else found.moved
        totals.disagreed += int((differs | alone).sum())
        self._keep(rows, start, (left, right), found, alone)

    def result(self, version: str, against: str) -> Replayed:
        """Sum up."""
        totals, options = self._totals, self._options
        return Replayed(
            version=version,
            against=against,
            rows=totals.rows,
            margin=options.margin,
            most=options.most,
            changed=totals.changed,
            moved=totals.moved,
            refused=totals.refused,
            refused_by_against=totals.refused_by_against,
            disagreement=totals.disagreed / totals.rows,
            agrees=totals.disagreed <= options.most * totals.rows,
            seconds=totals.seconds[1],
            seconds_against=totals.seconds[0],
            worst=tuple(self._worst),
        )

    def _answered(self, place: int, rows: pa.Table, start: int) -> Outcome:
        predictor = self._both[place]
        began = time.perf_counter()
        try:
            outcome = predictor.outcome(_read(rows, predictor.schema))
        except CallerError as err:
            raise Invalid(f"among the rows from {start} on: {err}") from err
        self._totals.seconds[place] += time.perf_counter() - began
        return outcome

    def _compared(self, left: Outcome, right: Outcome, both: NDArray[np.bool_]) -> Differences:
        """Compare the rows that both answered; of the others nothing differs."""
        nothing = np.zeros(both.size, dtype=np.bool_)
        if not both.any():
            return Differences(nothing, nothing, np.zeros(both.size))
        found = self._compare(left.answers, right.answers)
        return Differences(found.changed & both, found.moved & both, np.where(both, found.gap, 0.0))

    def _keep(
        self,
        rows: pa.Table,
        start: int,
        outcomes: tuple[Outcome, Outcome],
        found: Differences,
        alone: NDArray[np.bool_],
    ) -> None:
        """Remember the worst rows, of all so far and of these."""
        sizes = np.where(alone, _REFUSED, found.size)
        differing = np.flatnonzero(alone | found.changed | found.moved)
        for row in differing[np.argsort(-sizes[differing], kind="stable")][: self._options.shown].tolist():
            kind = "refused" if alone[row] else "changed" if found.changed[row] else "moved"
            answer, against = (self._answer(place, outcomes[place], row) for place in (1, 0))
            features = self._features(rows, row)
            told = ReplayedRow(start + row, kind, float(sizes[row]), answer, against, features)
            self._worst.append(told)
        self._worst = sorted(self._worst, key=_worst_first)[: self._options.shown]

    def _answer(self, place: int, outcome: Outcome, row: int) -> dict[str, Any] | None:
        if outcome.refused[row]:
            return None
        return self._label[place]({name: array[row : row + 1] for name, array in outcome.answers.items()})[0]

    def _features(self, rows: pa.Table, row: int) -> dict[str, Any]:
        columns = {column.name for one in self._both for column in one.schema.columns}
        hidden = {c.name for one in self._both for c in one.schema.columns if c.sensitive}
        cells = rows.slice(row, 1).to_pylist()[0]
        return {name: cell for name, cell in cells.items() if name in columns - hidden}


def _widths(registry: Registry, ref: str) -> dict[str, float]:
    """Give how far the numbers that a version answers lie apart in its baseline."""
    bundle = registry.bundle(ref)
    manifest = Manifest.decode(bundle.read(MANIFEST))
    baseline = Baseline.decode(bundle.read(manifest.baseline)) if manifest.baseline else None
    return widths(manifest.schema.outputs, baseline)


def _read(rows: pa.Table, schema: Schema) -> pa.Table:
    """Leave out columns that the version does not read, such as the outcome."""
    known = {column.name for column in schema.columns}
    return rows.select([name for name in rows.column_names if name in known])


def _worst_first(row: ReplayedRow) -> tuple[float, int]:
    return -row.size, row.row
