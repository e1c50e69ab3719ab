"""Periods in the order of time: how many rows came, and which alarm."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.base.clock import minute_of
from hythe.monitor.finding import Report
from hythe.operations.drift.html.markup import Markup, tag

_WIDTH, _HEIGHT = 960.0, 90.0
_MARK = 4.0


def timeline(reports: Sequence[Report]) -> Markup:
    """Draw a bar for each period, as high as it has rows; colour and a mark tell those that alarm."""
    first, last = reports[0].start, reports[-1].start + reports[-1].period_s
    wide = _WIDTH / max(last - first, 1)
    most = max(report.rows for report in reports) or 1
    alarming = sum(1 for report in reports if report.alarms)
    said = f"{alarming} of {len(reports)} periods alarm, from {when(reports[0])} to {when(reports[-1])}"
    bars = [_bar(report, (report.start - first) * wide, report.period_s * wide, most) for report in reports]
    ends = (
        tag("text", when(reports[0]), x=0, y=_HEIGHT + 15, text_anchor="start"),
        tag("text", when(reports[-1]), x=_WIDTH, y=_HEIGHT + 15, text_anchor="end"),
    )
    box = f"0 0 {_WIDTH:.0f} {_HEIGHT + 20:.0f}"
    return tag(
        "svg", tag("title", said), *bars, *ends, viewBox=box, role="img", aria_label=said, class_="histogram"
    )


def when(report: Report) -> str:
    """Write when a period began (UTC)."""
    return minute_of(report.start)


def _bar(report: Report, left: float, width: float, most: int) -> Markup:
    height = max((_HEIGHT - 2 * _MARK) * report.rows / most, 1.0)
    inner = max(width - 1.0, 0.8)
    said = f"{when(report)}: {report.rows:,} rows, {len(report.alarms)} alarms"
    colour = "bad" if report.alarms else "idle"
    marks = [tag("rect", x=left, y=_HEIGHT - height, width=inner, height=height, class_=colour)]
    if report.alarms:
        marks.append(
            tag(
                "circle",
                cx=left + inner / 2,
                cy=_HEIGHT - height - _MARK,
                r=2.5,
                class_="bad",
                fill="var(--bad)",
            )
        )
    return tag("g", tag("title", said), *marks)
