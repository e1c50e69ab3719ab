"""Estimates held against what labels showed of the very same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hythe.monitor.finding import Finding
from hythe.monitor.performance.intervals import student
from hythe.monitor.performance.measured import Measured, Metric


def gap_findings(
    estimated: Sequence[Measured], realised: Sequence[Metric], level: float
) -> Iterator[Finding]:
    """Give realised minus estimated, by metric, with an interval of the `level`.

    An estimate's error is that of the metric which labels would show of these rows. So where the interval
    leaves out 0, what the estimate takes for granted does not hold, and the message says so.
    """
    known = {each.name: each for each in realised if isinstance(each, Measured)}
    for each in estimated:
        if each.name in known:
            yield _gap(each, known[each.name], level)


def _gap(estimated: Measured, realised: Measured, level: float) -> Finding:
    gap = realised.value - estimated.value
    low, high = student(gap, estimated.error, estimated.n, level)
    said = f"{realised.name} was {realised.value:.4g}, and {estimated.value:.4g} by estimate"
    differs = low > 0 or high < 0
    return Finding(
        kind="estimate",
        check=f"{realised.name}_gap",
        subject="answers",
        verdict="ok",
        message=f"{said}, over the same {realised.n:,} rows"
        + (
            "; that is no chance: do not rely on estimates until the model is trained anew" if differs else ""
        ),
        value=gap,
        low=low,
        high=high,
        n=realised.n,
        details={
            "estimated": estimated.value,
            "realised": realised.value,
            "differs": differs,
            "level": level,
        },
    )
