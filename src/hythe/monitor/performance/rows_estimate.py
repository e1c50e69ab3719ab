"""Estimates for single rows: their scores, or the cells of their features and the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hythe.bundle.baseline import Baseline
from hythe.bundle.truth import PROBABILITIES, VALUE
from hythe.monitor.outcomes.row_cells import UNKNOWN
from hythe.monitor.performance.confidence import estimate_classes
from hythe.monitor.performance.expected_loss import estimate_numbers
from hythe.monitor.performance.labelled import Labelled, LabelledClasses
from hythe.monitor.performance.measured import Estimate
from hythe.monitor.performance.rates_by_cell import rates_by_cell
from hythe.statistics.places import Places, places

CellsOf = Callable[[str], Places | None]
"""Gives the cell of each row by feature; None where it is not known."""


def estimate_labelled(rows: Labelled, baseline: Baseline, cells: CellsOf) -> Estimate | None:
    """Estimate labelled rows as if they had no labels; None where there is nothing to estimate from."""
    if not isinstance(rows, LabelledClasses):
        return estimate_numbers_of(rows.answers.tolist(), baseline, cells)
    usable = rows.scored()
    if usable.scores is None or len(usable) < len(rows):
        return None
    counts = {}
    for place, name in enumerate(usable.classes):
        output = f"{PROBABILITIES}[{name}]"
        if output in baseline.outputs:
            bins = baseline.outputs[output].counts.bins
            found = places(bins, usable.scores[:, place])
            counts[output] = np.bincount(found, minlength=bins.cells).tolist()
    return estimate_classes(rates_by_cell(baseline), counts)


def estimate_numbers_of(answers: Sequence[Any], baseline: Baseline, cells: CellsOf) -> Estimate | None:
    """Estimate the errors of numbers; None where the baseline learned none, or no row's cells are known."""
    model, summary = baseline.loss_model, baseline.outputs.get(VALUE)
    if model is None or summary is None or not answers:
        return None
    numbers = np.array([np.nan if _is_none(value) else value for value in answers], dtype=np.float64)
    known = np.isfinite(numbers)
    found: dict[str, Places] = {f"output:{VALUE}": places(summary.counts.bins, numbers)}
    reference = {f"output:{VALUE}": np.array(summary.counts.cells, dtype=np.float64)}
    for subject in model.subjects:
        kind, _, name = subject.name.partition(":")
        if kind == "feature":
            column = cells(name)
            if column is None:
                return None
            known &= column != UNKNOWN
            found[subject.name] = column
            reference[subject.name] = np.array(baseline.features[name].counts.cells, dtype=np.float64)
    chosen = {name: column[known] for name, column in found.items()}
    return estimate_numbers(model, chosen, reference)


def _is_none(value: Any) -> bool:
    return value is None or isinstance(value, list | str)
