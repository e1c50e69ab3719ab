"""How right a version's answers were, by the labels that came in a period, or are likely to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hythe.bundle.baseline import Baseline
from hythe.monitor.finding import Finding
from hythe.monitor.judge import judge
from hythe.monitor.outcomes.row_cells import UNKNOWN, kept_features
from hythe.monitor.performance.estimates import estimate_findings
from hythe.monitor.performance.findings import Told, performance_findings
from hythe.monitor.performance.gap import gap_findings
from hythe.monitor.performance.known import labelled, units_of
from hythe.monitor.performance.labelled import Labelled
from hythe.monitor.performance.measured import Estimate
from hythe.monitor.performance.rows_estimate import estimate_labelled, estimate_numbers_of
from hythe.monitor.performance.segments import segment_names
from hythe.monitor.period import Candidate, split
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.monitoring.known_rows import KnownRows, known_rows
from hythe.registry.catalog import Catalog

SHARE = 0.1
"""The share of a period's false alarms that tests of performance may spend."""
LEAST_LABELS = 30
"""Of fewer labelled rows metrics are told, and nothing is tested."""
MOST_ROWS = 20_000
"""So many labels, and so many predictions, are read of a period; of more an even sample."""
_SECOND_NS = 1_000_000_000


class VersionPeriod(NamedTuple):
    """A version's period: `start` in UTC seconds. `counts` tells which revisions are of the same bundle."""

    endpoint: str
    version: str
    start: int
    period_s: int
    counts: Callable[[int], bool] = lambda _revision: True


class Performance:
    """Looks at labels by when they were told, so each is looked at once, however late it came.

    So no stretch of time waits for its labels, and the false alarms of all periods together stay the stated
    ones. What a period's labels tell is of predictions made in it or before.
    """

    def __init__(self, catalog: Catalog, most: int = MOST_ROWS) -> None:
        self._labelled = catalog.labelled
        self._most = most

    def findings(
        self, asked: VersionPeriod, baseline: Baseline | None, policy: MonitorPolicy, alpha: float
    ) -> tuple[list[Finding], list[str]]:
        """Give findings, p-values judged together at `alpha`, and notes on what could not be looked at.

        Intervals are of the level 1 - alpha of the policy's period, so that a rule with a limit alarms
        wrongly in no more periods than that.
        """
        since, until = asked.start * _SECOND_NS, (asked.start + asked.period_s) * _SECOND_NS
        features = () if baseline is None else kept_features(baseline)
        told = self._labelled.told(asked.endpoint, since, until, self._most)
        labels = known_rows(told, asked.version, features, asked.counts)
        made = self._labelled.count(asked.endpoint, asked.version, since, until)
        level = 1.0 - policy.alpha(asked.period_s)
        found = [*_realised(labels, made, baseline, policy, level)]
        if baseline is not None and baseline.loss_model is not None:
            kept = self._labelled.predicted(asked.endpoint, asked.version, since, until, self._most)
            found += _estimated(known_rows(kept, asked.version, features, asked.counts), baseline)
        candidates, others = split(found)
        return [*judge(candidates, alpha), *others], _notes(labels, policy, features)


def _realised(
    known: KnownRows, predictions: int, baseline: Baseline | None, policy: MonitorPolicy, level: float
) -> Iterator[Candidate | Finding]:
    rows, kept = labelled(known.rows)
    columns = {} if baseline is None else _columns(known, kept, baseline, policy)
    values = {
        name: (np.array([value for _, value in told]), units_of([key for key, _ in told]))
        for name, told in known.values.items()
    }
    told = Told(rows=rows, values=values, columns=columns, predictions=predictions)
    yield from performance_findings(told, baseline, level, LEAST_LABELS)
    if rows is not None and baseline is not None and len(rows) >= LEAST_LABELS:
        estimate = _estimate_of(known, kept, rows, baseline)
        if estimate is not None:
            yield from gap_findings(estimate.metrics, told.metrics, level)


def _estimate_of(
    known: KnownRows, kept: Sequence[int], rows: Labelled, baseline: Baseline
) -> Estimate | None:
    """Estimate the labelled rows as if they had no labels."""
    return estimate_labelled(rows, baseline, lambda name: _of_rows(known.cells(name), kept))


def _estimated(predictions: KnownRows, baseline: Baseline) -> Iterator[Finding]:
    """Estimate errors of numbers from the rows that are kept; those of classes come from windows."""
    answers = [row.outputs.get("value") for row in predictions.rows]
    found = estimate_numbers_of(answers, baseline, predictions.cells)
    if found is not None:
        yield from estimate_findings(found, baseline)


def _columns(
    known: KnownRows, kept: Sequence[int], baseline: Baseline, policy: MonitorPolicy
) -> dict[str, list[str]]:
    """Name the segment of each labelled row, by feature."""
    found = {}
    for column in policy.segments:
        cells = _of_rows(known.cells(column), kept)
        if cells is not None:
            names = segment_names(baseline.features[column])
            found[column] = [names[cell] if cell < len(names) else "not known" for cell in cells.tolist()]
    return found


def _of_rows(cells: np.ndarray | None, kept: Sequence[int]) -> np.ndarray | None:
    return None if cells is None else cells[list(kept)]


def _notes(labels: KnownRows, policy: MonitorPolicy, features: Sequence[str]) -> list[str]:
    absent = [column for column in policy.segments if column not in features]
    notes = []
    if labels.broken:
        notes.append(
            f"{labels.broken:,} kept predictions cannot be read, and are left out; the log names them"
        )
    if absent and labels.rows:
        notes.append(
            f"performance is not told apart by {', '.join(absent)}: the baseline has no such feature, or "
            "keeps no cells of it"
        )
    if labels.matrix is not None and policy.segments and (labels.matrix == UNKNOWN).all():
        notes.append(
            "kept predictions have no cells of features, so segments are not known; they have from now on"
        )
    return notes
