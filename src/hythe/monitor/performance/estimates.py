"""Estimates as a check of every period: a classifier's performance without labels, from its counts."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.bundle.baseline import Baseline
from hythe.monitor.finding import Finding
from hythe.monitor.performance.confidence import estimate_classes
from hythe.monitor.performance.measured import PAIR, Estimate, Floats, Measured
from hythe.monitor.performance.rates_by_cell import TN, TP, CellRates, rates_by_cell, usable
from hythe.monitor.performance.reference import reference_metrics
from hythe.monitor.performance.shifted import moved_down
from hythe.monitor.period import Candidate, Period

LEVEL = 0.95
ASSUMES = (
    "outcomes depend on scores (of numbers: on features) as they did in the reference rows: no concept drift",
    "the reference rows were not the ones that the model learned from",
    "rows lie where the reference had some; the share that does not is told",
)
"""What every estimate takes for granted."""
_MUCH = 0.05


class Estimates:
    """Estimates metrics from how scores are spread over the cells of the baseline's bins.

    For two classes accuracy comes with a p-value, where rows are independent draws: scores moved to where
    answers are less often right. All else alarms by rules alone.
    """

    name = "estimates"

    def look(self, period: Period) -> Iterator[Candidate | Finding]:
        """Give a finding for each metric that can be estimated; none where the baseline had no targets."""
        outputs = {name: tally.cells for name, tally in period.window.outputs.items()}
        rates = rates_by_cell(period.baseline)
        found = estimate_classes(rates, outputs)
        if found is None:
            return
        tested = len(rates) == PAIR and period.normal is None
        for finding in estimate_findings(found, period.baseline):
            if tested and finding.check == "accuracy":
                yield _candidate(finding, rates[-1], usable(outputs[rates[-1].output]))
            else:
                yield finding


def estimate_findings(found: Estimate, baseline: Baseline) -> Iterator[Finding]:
    """Give a finding for each metric that was estimated, with what it takes for granted."""
    reference = reference_metrics(baseline)
    for metric in found.metrics:
        yield _finding(metric, found.unknown, reference.get(metric.name))


def _candidate(finding: Finding, rates: CellRates, counts: Floats) -> Candidate:
    """Put an estimated accuracy to the judge of the period."""
    return Candidate(
        kind=finding.kind,
        check=finding.check,
        subject=finding.subject,
        p_value=moved_down(rates.shares[TP] + rates.shares[TN], counts, rates.rows),
        fine=finding.message,
        found=f"{finding.message}: scores moved to where answers are less often right. See what drifted, and "
        "whether labels confirm it",
        value=finding.value,
        low=finding.low,
        high=finding.high,
        n=finding.n,
        details=finding.details,
    )


def _finding(metric: Measured, unknown: float, reference: float | None) -> Finding:
    low, high = metric.interval(LEVEL)
    before = "" if reference is None else f"; the baseline's is {reference:.4g}"
    beyond = "" if unknown < _MUCH else f". {unknown:.0%} of the rows lie where the reference had none"
    return Finding(
        kind="estimate",
        check=metric.name,
        subject="answers",
        verdict="ok",
        message=f"without labels, {metric.name} is estimated at {metric.value:.4g} "
        f"({low:.4g} to {high:.4g}) over {metric.n:,} rows, if there is no concept drift{before}{beyond}",
        value=metric.value,
        low=low,
        high=high,
        n=metric.n,
        details={
            "level": LEVEL,
            "unknown_share": unknown,
            "assumes": ASSUMES,
            **({} if reference is None else {"baseline": reference}),
        },
    )
