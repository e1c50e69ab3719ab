"""What labelled rows say of a version: findings, and p-values of "worse than the baseline"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hythe.bundle.baseline import Baseline
from hythe.bundle.truth import Residuals
from hythe.monitor.finding import Finding
from hythe.monitor.performance.labelled import Labelled, LabelledClasses
from hythe.monitor.performance.measured import Measured, Metric, Undefined, Units, average
from hythe.monitor.performance.metrics import measure
from hythe.monitor.performance.reference import reference_metrics
from hythe.monitor.performance.segments import FEWEST, Segment, segments, worst
from hythe.monitor.performance.worse import independent, larger_errors, less_accurate, other_outcomes
from hythe.monitor.period import Candidate

ANSWERS = "answers"
"""The subject of metrics of all rows."""
SHOWN_LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became known of one version's predictions.

    `rows` have an outcome, None where none has; `values` are business values by name, with the units of their
    rows; `columns` the segments of `rows` by feature, one for each. `predictions` is how many rows
    were predicted and kept, of which those with an outcome are the labelled share; 0 where that is not known.
    """

    rows: Labelled | None = None
    values: Mapping[str, tuple[Any, Units | None]] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    predictions: int = 0

    @cached_property
    def metrics(self) -> Sequence[Metric]:
        """All metrics of the rows."""
        return measure(self.rows) if self.rows is not None and len(self.rows) else ()


def performance_findings(
    told: Told, baseline: Baseline | None, level: float, least_rows: int = 1
) -> Iterator[Candidate | Finding]:
    """Say what the rows tell: metrics, business values, segments, and p-values for the judge of the period.

    Intervals have the `level`, so that a rule with a limit alarms wrongly in (1 - level) / 2 of periods at
    most; the 95% ones stand in `details`. Of fewer than `least_rows` labelled rows nothing is tested, and
    findings are "too_little".
    """
    rows = told.rows
    if rows is not None and len(rows):
        reference = {} if baseline is None else reference_metrics(baseline)
        enough = len(rows) >= least_rows
        tests = {} if baseline is None or not enough else _tests(rows, baseline)
        for metric in told.metrics:
            if isinstance(metric, Undefined):
                yield _undefined(metric, len(rows))
            else:
                yield _of_metric(metric, told, reference.get(metric.name), level, tests, enough=enough)
        if "calibration" in tests:
            yield _calibration(tests["calibration"], len(rows))
        yield from _segments(told, rows, level)
    for name, (values, units) in told.values.items():
        if len(values):
            measured = average(f"value:{name}", values, units, "neither")
            yield _of_metric(measured, told, None, level, {}, enough=len(values) >= least_rows)


def _tests(rows: Labelled, baseline: Baseline) -> dict[str, float]:
    """Give p-values by the check that they are of."""
    alone = independent(rows)
    found: dict[str, float | None] = {}
    if isinstance(alone, LabelledClasses):
        found = {"accuracy": less_accurate(alone, baseline), "calibration": other_outcomes(alone, baseline)}
    elif isinstance(baseline.calibration, Residuals):
        found = {"mae": larger_errors(alone.finite(), baseline.calibration)}
    return {name: p for name, p in found.items() if p is not None}


def _of_metric(
    metric: Measured,
    told: Told,
    reference: float | None,
    level: float,
    tests: Mapping[str, float],
    *,
    enough: bool,
) -> Candidate | Finding:
    low, high = metric.interval(level)
    details = _details(metric, told, reference, level)
    said = _said(metric, reference)
    common: dict[str, Any] = {
        "value": metric.value,
        "low": low,
        "high": high,
        "n": metric.n,
        "details": details,
    }
    if metric.name in tests:
        return Candidate(
            kind="performance",
            check=metric.name,
            subject=ANSWERS,
            p_value=tests[metric.name],
            fine=said,
            found=f"{said}: it is worse. Look at the segments, and at drift; retrain, or roll back",
            **common,
        )
    return Finding(
        kind="performance",
        check=metric.name,
        subject=ANSWERS,
        verdict="ok" if enough else "too_little",
        message=said,
        **common,
    )


def _details(metric: Measured, told: Told, reference: float | None, level: float) -> dict[str, Any]:
    low, high = metric.interval(SHOWN_LEVEL)
    found: dict[str, Any] = {"level": level, "low_95": low, "high_95": high, "units": metric.units}
    if reference is not None:
        found["baseline"] = reference
    if told.predictions:
        found["predictions"] = told.predictions
        found["labelled_share"] = metric.n / told.predictions
    return found


def _said(metric: Measured, reference: float | None) -> str:
    low, high = metric.interval(SHOWN_LEVEL)
    before = "" if reference is None else f"; the baseline's is {reference:.4g}"
    return f"{metric.name} is {metric.value:.4g} ({low:.4g} to {high:.4g}) over {metric.n:,} rows{before}"


def _undefined(metric: Undefined, rows: int) -> Finding:
    return Finding(
        kind="performance",
        check=metric.name,
        subject=ANSWERS,
        verdict="too_little",
        message=f"{metric.name} is not defined for these rows: {metric.reason}",
        n=rows,
    )


def _calibration(p_value: float, rows: int) -> Candidate:
    return Candidate(
        kind="performance",
        check="calibration",
        subject=ANSWERS,
        p_value=p_value,
        n=rows,
        fine=f"scores come true as often as they did in the baseline, as far as {rows:,} rows tell",
        found="scores come true more or less often than they did in the baseline: what the model learned has "
        "changed (concept drift), and estimates without labels are off. Retrain, or calibrate again",
    )


def _segments(told: Told, rows: Labelled, level: float) -> Iterator[Finding]:
    """Give a finding for each segment; the worst of each feature is named."""
    for column, values in told.columns.items():
        found = segments(rows, column, values)
        last = worst(found)
        for each in found:
            if isinstance(each.metric, Measured):
                yield _segment(each, each.metric, level, is_worst=each is last)


def _segment(segment: Segment, metric: Measured, level: float, *, is_worst: bool) -> Finding:
    low, high = metric.interval(level)
    shown = metric.interval(SHOWN_LEVEL)
    said = f"{metric.name} is {metric.value:.4g} ({shown[0]:.4g} to {shown[1]:.4g}) over {metric.n:,} rows"
    where = f"where {segment.column} is {segment.value}"
    return Finding(
        kind="performance",
        check=metric.name,
        subject=f"segment:{segment.column}={segment.value}",
        verdict="ok" if segment.rows >= FEWEST else "too_little",
        message=f"{said} {where}{', the worst segment' if is_worst else ''}",
        value=metric.value,
        low=low,
        high=high,
        n=metric.n,
        details={"level": level, "low_95": shown[0], "high_95": shown[1], "worst": is_worst},
    )
