"""Examines the periods of a source as windows of servers are examined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from hythe.base.clock import DAY_S
from hythe.base.progress import Progress
from hythe.monitor.drift.learning import learn
from hythe.monitor.drift.normal import Normal
from hythe.monitor.examine import examine
from hythe.monitor.finding import Report
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.windows.window import Window
from hythe.operations.drift.counting import Running
from hythe.operations.drift.options import DriftOptions
from hythe.operations.drift.reference import Reference

Counted: TypeAlias = tuple[int, Running]
"""The first second of a period, and what was counted in it."""


def window_of(reference: Reference, counted: Counted, options: DriftOptions) -> Window:
    """Give a period's window; without times it has no length, at 0."""
    start, running = counted
    return running.window(reference.number, start, options.period_s if options.timestamp else 0)


def reports_of(
    reference: Reference,
    periods: Sequence[Counted],
    options: DriftOptions,
    normal: Normal | None,
    progress: Progress,
) -> Iterator[Report]:
    """Examine each period; all together may alarm for nothing as often as was allowed.

    A window is made when its turn comes, for it takes several times the room of what was counted.
    """
    policy = MonitorPolicy(
        false_alarms=options.false_alarms, least_rows=options.least_rows, ignore=options.ignore
    )
    alpha = options.alpha / max(len(periods), 1)
    for place, counted in enumerate(periods):
        progress.step("examining", place, len(periods))
        window = window_of(reference, counted, options)
        period = Period(window=window, baseline=reference.baseline, schema=reference.schema, normal=normal)
        yield examine(period, policy, alpha)


def taught(reference: Reference, periods: Sequence[Counted], options: DriftOptions) -> Normal:
    """Learn from periods what variation between them is normal.

    Raises:
        Invalid: when too few of them have rows enough.

    """
    windows = (window_of(reference, counted, options) for counted in periods)
    return learn(windows, reference.baseline, options.period_s, least_rows=options.least_rows)


def first_days(periods: Sequence[Counted], options: DriftOptions) -> int:
    """Count the periods that end within the days of learning."""
    until = periods[0][0] + options.learning_days * DAY_S if periods else 0
    return sum(1 for start, _ in periods if start + options.period_s <= until)
