"""What of a period cannot be looked at, and why, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from hythe.monitor.drift.detectable import detectable
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy

Reach: TypeAlias = Literal["values", "requests", "nothing"]
"""What can be looked at: all; requests alone, because there are too few rows; nothing."""
_SHOWN = 5
_TOO_COARSE = 0.35
"""Where changes of fewer than a third of the rows go unseen, people should know."""


def about(
    period: Period, policy: MonitorPolicy, alpha: float, latest: float | None = None
) -> tuple[list[str], Reach]:
    """Give notes on a period, and what of it can be looked at.

    `latest` is the last second (UTC) at which a window may end; later ones are of a clock that is ahead.
    """
    window = period.window
    if latest is not None and window.end > latest:
        ahead = (
            f"the window ends {window.end - latest:.0f} s after this machine's clock allows; it was counted "
            "by a clock that is ahead, or has not ended: set the clocks right, or wait"
        )
        return [ahead], "nothing"
    if (few := _too_few(period, policy)) is not None:
        return [few], "requests"
    return [*_baseline(period), *_counted(period), *_size(period, alpha)], "values"


def _too_few(period: Period, policy: MonitorPolicy) -> str | None:
    window = period.window
    if not window.rows and not window.requests:
        return "no request came in this period, so there is nothing to compare"
    if window.rows < policy.least_rows:
        return (
            f"too_little: {window.rows} rows came and least_rows is {policy.least_rows}; longer periods look "
            "at them together"
        )
    return None


def _baseline(period: Period) -> Iterator[str]:
    baseline = period.baseline
    if not baseline.features and not baseline.outputs:
        yield "the bundle's baseline has no counts of features or outputs; pack the model again with examples"
    elif not baseline.rows:
        yield "the baseline was made from no rows; pack the model again with examples"
    elif baseline.importances is None and len(baseline.features) > 1:
        yield "the baseline has no importances, so all features weigh alike; pack the model again for them"


def _counted(period: Period) -> Iterator[str]:
    """Name the features that only the baseline counts, and those counted over other bins."""
    window, baseline = period.window, period.baseline
    absent = [name for name in baseline.features if name not in window.features]
    if absent:
        yield f"not counted in this period, and so not looked at: {_names(absent)}"
    other = [
        name
        for known, seen in ((baseline.features, window.features), (baseline.outputs, window.outputs))
        for name, summary in known.items()
        if name in seen and len(seen[name].cells) != len(summary.counts.cells)
    ]
    if other:
        yield f"counted over other bins than the baseline's, and so not looked at: {_names(other)}"
    if window.counted_rows < window.rows and window.features:
        yield f"values of {window.rows - window.counted_rows} of {window.rows} rows were not counted"
    empty = [name for name, summary in baseline.features.items() if _all_missing(summary.counts.cells)]
    if empty:
        yield f"without any value in the reference data, so only missing ones are compared: {_names(empty)}"


def _all_missing(cells: tuple[int, ...]) -> bool:
    return bool(cells) and cells[0] == sum(cells) > 0


def _size(period: Period, alpha: float) -> Iterator[str]:
    """Say what is the smallest change that can be found, where that is a large one."""
    tests = len(period.baseline.features) + len(period.baseline.outputs)
    if period.normal is not None or not tests or not period.baseline.rows:
        return
    found = detectable(period.window.rows, period.baseline.rows, alpha, tests)
    if found.distance > _TOO_COARSE:
        yield (
            f"too_little: {period.baseline.rows} rows of reference data and {period.window.rows} of the "
            f"window are few for {tests} tests at the stated rate of false alarms: only changes of "
            f"{found.distance:.0%} of a feature's rows or more alarm; pack with more examples, look at "
            "longer periods, or allow more false_alarms"
        )


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
