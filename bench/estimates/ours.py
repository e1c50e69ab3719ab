"""Our estimates: a baseline of the reference, and of each chunk nothing but counts and cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from estimates.sets import ANSWER, SCORE, TARGET, LabelledSet
from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Outcome
from hythe.bundle.reference_cells import feature_cells
from hythe.bundle.schema import Output, Schema
from hythe.monitor.performance.labelled import Labelled, LabelledClasses, LabelledNumbers
from hythe.monitor.performance.measured import Measured
from hythe.monitor.performance.metrics import measure
from hythe.monitor.performance.reference import reference_metrics
from hythe.monitor.performance.rows_estimate import estimate_labelled
from hythe.monitor.performance.worse import other_outcomes

_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Chunk:
    """By metric: what was realised, what we had estimated, whether the interval held it; and a p-value.

    That is of "scores come true as they did in the reference", with the labels; None for numbers.
    """

    realised: dict[str, float]
    estimated: dict[str, float]
    inside: dict[str, bool]
    p_value: float | None


def reference_of(found: LabelledSet) -> tuple[Baseline, Schema]:
    """Compute the baseline, as `pack` does."""
    frame = found.reference
    outputs = [Output("value", "float64")]
    if SCORE in frame:
        outputs = [
            Output("label", "int64", classes=(0, 1)),
            Output("probabilities", "float64", (2,), classes=(0, 1)),
        ]
    schema = infer(frame[list(found.features)], outputs=outputs)
    rows = to_rows(frame[list(found.features)])
    return compute(rows, schema, _outcome(frame), targets=frame[TARGET].to_numpy()), schema


def estimate(found: LabelledSet) -> tuple[list[Chunk], dict[str, float]]:
    """Estimate every chunk; give them, and the metrics of the reference."""
    baseline, schema = reference_of(found)
    return [_chunk(chunk, found, baseline, schema) for chunk in found.chunks], reference_metrics(baseline)


def _outcome(frame: pd.DataFrame) -> Outcome:
    answers = frame[ANSWER].to_numpy()
    if SCORE not in frame:
        return Outcome.answered({"value": answers.astype(np.float64)})
    scores = frame[SCORE].to_numpy()
    return Outcome.answered({"label": answers, "probabilities": np.column_stack([1 - scores, scores])})


def _labelled(frame: pd.DataFrame) -> Labelled:
    answers = _outcome(frame).answers
    if SCORE not in frame:
        return LabelledNumbers(answers=answers["value"], truth=frame[TARGET].to_numpy(np.float64))
    return LabelledClasses(
        classes=(0, 1),
        answers=answers["label"].astype(np.intp),
        truth=frame[TARGET].to_numpy(np.intp),
        scores=answers["probabilities"],
    )


def _chunk(frame: pd.DataFrame, found: LabelledSet, baseline: Baseline, schema: Schema) -> Chunk:
    rows = _labelled(frame)
    cells: dict[str, Any] = {}
    if SCORE not in frame:
        cells = feature_cells(to_rows(frame[list(found.features)]), schema, baseline.features)
    told = estimate_labelled(rows, baseline, lambda name: cells[f"feature:{name}"][0])
    realised = {each.name: each.value for each in measure(rows) if isinstance(each, Measured)}
    metrics = [each for each in (told.metrics if told else ()) if each.name in found.metrics]
    known = [each for each in metrics if each.name in realised]
    inside = {}
    for each in known:
        low, high = each.interval(_LEVEL)
        inside[each.name] = low <= realised[each.name] <= high
    p_value = other_outcomes(rows, baseline) if isinstance(rows, LabelledClasses) else None
    return Chunk(realised, {each.name: each.value for each in known}, inside, p_value)
