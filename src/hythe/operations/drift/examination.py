"""Examines the windows of a source as windows of servers are examined."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.base.progress import Progress
from hythe.monitor.drift.learning import learn
from hythe.monitor.drift.normal import Normal
from hythe.monitor.examine import examine
from hythe.monitor.period import Period
from hythe.monitor.policy import DAY_S, MonitorPolicy
from hythe.monitor.window import Window
from hythe.operations.drift.examined import Examined
from hythe.operations.drift.options import DriftOptions
from hythe.operations.drift.reading import Read
from hythe.operations.drift.reference import Reference


def examined(
    reference: Reference,
    windows: list[Window],
    options: DriftOptions,
    normal: Normal | None,
    progress: Progress,
) -> Iterator[Examined]:
    """Examine each period; all together may alarm for nothing as often as was allowed."""
    policy = MonitorPolicy(
        false_alarms=options.false_alarms, least_rows=options.least_rows, ignore=options.ignore
    )
    alpha = options.alpha / max(len(windows), 1)
    for place, window in enumerate(windows):
        progress.step("examining", place, len(windows))
        period = Period(window=window, baseline=reference.baseline, schema=reference.schema, normal=normal)
        yield Examined(examine(period, policy, alpha), window)


def windows_of(reference: Reference, found: Read, options: DriftOptions) -> list[Window]:
    """Give the window of each period, in the order of time; without times one of no length at 0."""
    length = options.period_s if options.timestamp else 0
    return [running.window(reference.number, start, length) for start, running in found.periods.items()]


def learned(
    reference: Reference, windows: list[Window], options: DriftOptions
) -> tuple[Normal | None, list[Window]]:
    """Learn what is normal from the first days, where that was asked for; give the windows after them.

    Raises:
        Invalid: when too few of their periods have rows enough.

    """
    if not options.learning_days or not windows:
        return None, windows
    until = windows[0].start + options.learning_days * DAY_S
    first = [window for window in windows if window.end <= until]
    normal = learn(first, reference.baseline, options.period_s, least_rows=options.least_rows)
    return normal, windows[len(first) :]
