"""A look at one version of an endpoint as one HTML file, with plots."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.base.errors import Invalid
from hythe.base.progress import Progress, Quiet
from hythe.monitor.finding import Report
from hythe.monitor.windows.window import Window
from hythe.operations.drift.examined import Examined
from hythe.operations.monitoring.gather import Gathered, gather
from hythe.operations.monitoring.versions import Plans, References
from hythe.operations.monitoring.view import MonitorView
from hythe.registry.registry import Registry
from hythe.registry.reports import PeriodKey


def page(registry: Registry, view: MonitorView, progress: Progress | None = None) -> str:
    """Write the reports of the version that was asked most: those of the shortest periods that have any.

    Raises:
        Corrupt: when a window or a baseline cannot be read.
        Invalid: when nothing was tested in that time, or there is nothing to compare with.

    """
    from hythe.operations.drift.html.page import render

    reports = _chosen(view)
    if not reports:
        raise Invalid(
            f"no period of {view.endpoint} with traffic ended in this time, so there is nothing to report; "
            "look further back with --since"
        )
    plans, version = Plans.of(registry.catalog, view.endpoint), reports[0].version
    found: list[Gathered] = []
    for place, report in enumerate(reports):
        (progress or Quiet()).step("reading windows", place, len(reports))
        key = PeriodKey(report.start, version)
        found.append(gather(registry.catalog.observations, registry.catalog, plans, key, report.period_s))
    reference, missing = References(registry).of(found[-1].digest)
    if reference is None:
        raise Invalid(f"{view.endpoint} {version} cannot be plotted: {missing}")
    examined = [
        Examined(report, one.window or Window(view.endpoint, version, report.start, report.period_s))
        for report, one in zip(reports, found, strict=True)
    ]
    title = f"{view.endpoint}, version {version}"
    return render(examined, reference.baseline, title=title, notes=view.next)


def _chosen(view: MonitorView) -> Sequence[Report]:
    """Give the reports of one version and one length."""
    for version in view.versions:
        own = [report for report in view.reports if report.version == version and report.rows]
        if own:
            length = min(report.period_s for report in own)
            return [report for report in own if report.period_s == length]
    return ()
