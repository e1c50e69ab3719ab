"""How right a model's answers were on rows that came with their targets: the same code as online."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hythe.bundle.baseline import Baseline
from hythe.bundle.outcome import Outcome
from hythe.bundle.reference_cells import feature_cells
from hythe.bundle.rows import Array
from hythe.bundle.schema import Schema
from hythe.bundle.truth import LABEL, PROBABILITIES, VALUE, Truth
from hythe.monitor.finding import Finding
from hythe.monitor.judge import judge
from hythe.monitor.performance.estimates import estimate_findings
from hythe.monitor.performance.findings import Told, performance_findings
from hythe.monitor.performance.gap import gap_findings
from hythe.monitor.performance.known import KnownRow, labelled
from hythe.monitor.performance.labelled import Labelled, LabelledClasses, LabelledNumbers, together
from hythe.monitor.performance.rows_estimate import estimate_labelled
from hythe.monitor.performance.segments import segment_names
from hythe.monitor.period import split
from hythe.statistics.places import Places

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_LABELS = 30


class OfflinePerformance:
    """Gathers rows with targets, batch by batch: of each the answer, the target, and a byte a feature.

    `segments` are features by which performance is told apart.
    """

    def __init__(self, schema: Schema, baseline: Baseline, segments: Sequence[str] = ()) -> None:
        self._schema = schema
        self._baseline = baseline
        self._segments = tuple(name for name in segments if name in baseline.features)
        self._rows: list[Labelled] = []
        self._cells: dict[str, list[Array]] = {}

    def add(self, rows: pa.Table, outcome: Outcome, targets: Any) -> None:
        """Take conformed rows, the model's outcome on them, and a target for each; None is no target.

        Raises:
            Invalid: when there are more or fewer targets than rows.

        """
        truth = Truth.of(targets, outcome, self._schema)
        known = _known(truth.targets) & ~outcome.refused
        found = _labelled(truth.take(known), {name: a[known] for name, a in outcome.answers.items()})
        if found is None:
            return
        self._rows.append(found)
        model = self._baseline.loss_model
        wanted = {f"feature:{name}" for name in self._segments}
        wanted |= set() if model is None else {subject.name for subject in model.subjects}
        for name, (cells, _) in feature_cells(rows, self._schema, self._baseline.features).items():
            if name in wanted:
                self._cells.setdefault(name, []).append(cells[known])

    def findings(self, alpha: float) -> list[Finding]:
        """Say what the targets tell; p-values are judged together at `alpha`, and intervals of 1 - alpha."""
        if not self._rows:
            return []
        rows = together(self._rows)
        columns = {name: self._names(name) for name in self._segments if self._of(name) is not None}
        level = 1.0 - alpha
        told = Told(rows=rows, columns=columns)
        found = list(performance_findings(told, self._baseline, level, LEAST_LABELS))
        estimate = estimate_labelled(rows, self._baseline, self._of)
        if estimate is not None:
            found += estimate_findings(estimate, self._baseline)
            found += gap_findings(estimate.metrics, told.metrics, level)
        candidates, others = split(found)
        return [*judge(candidates, alpha), *others]

    def _of(self, feature: str) -> Places | None:
        parts = self._cells.get(f"feature:{feature}")
        return None if parts is None else np.concatenate(parts)

    def _names(self, feature: str) -> list[str]:
        names, cells = segment_names(self._baseline.features[feature]), self._of(feature)
        return [] if cells is None else [names[cell] for cell in cells.tolist()]


def _known(targets: Array) -> Any:
    """Tell which targets are there."""
    if targets.dtype.kind == "f":
        return ~np.isnan(targets) if targets.ndim == 1 else ~np.isnan(targets).any(axis=1)
    return np.array([value is not None for value in targets.tolist()], dtype=np.bool_)


def _labelled(truth: Truth, answers: dict[str, Array]) -> Labelled | None:
    """Hold targets against answers, as columns where both are of a usual kind."""
    if truth.places is not None:
        return _of_classes(truth, answers)
    value = answers.get(VALUE)
    if value is not None and value.ndim == 1 and {value.dtype.kind, truth.targets.dtype.kind} <= {*"iuf"}:
        return LabelledNumbers(answers=value.astype(np.float64), truth=truth.targets.astype(np.float64))
    names = list(answers)
    cells = zip(*(answers[name].tolist() for name in names), strict=True)
    rows = [
        KnownRow(dict(zip(names, row, strict=True)), {}, "", target)
        for row, target in zip(cells, truth.targets.tolist(), strict=True)
    ]
    return labelled(rows)[0]


def _of_classes(truth: Truth, answers: dict[str, Array]) -> LabelledClasses | None:
    scores, labels = answers.get(PROBABILITIES), answers.get(LABEL)
    if truth.places is None or (labels is None and scores is None):
        return None
    named = scores is not None and scores.ndim == 2 and scores.shape[1] == len(truth.classes)  # noqa: PLR2004 - rows and classes
    if labels is not None and labels.ndim == 1:
        known = {name: place for place, name in enumerate(truth.classes)}
        places = np.array([known.get(label, -2) for label in labels.tolist()], dtype=np.intp)
    elif named and scores is not None:
        places = scores.argmax(axis=1)
    else:
        return None
    return LabelledClasses(
        classes=truth.classes,
        answers=places,
        truth=truth.places,
        scores=scores.astype(np.float64) if named and scores is not None else None,
    )
