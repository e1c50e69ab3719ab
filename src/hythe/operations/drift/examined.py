"""A period's report, with the window that it is about."""

from __future__ import annotations

from dataclasses import dataclass

from hythe.monitor.finding import Report
from hythe.monitor.windows.window import Window


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found of a period, and the counts in which it was found; None where they are not at hand."""

    report: Report
    window: Window | None
