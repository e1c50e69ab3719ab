"""Looks at an endpoint: brings together what the catalog keeps of it, and what nobody looked at yet."""

from __future__ import annotations

import math

import msgspec

from hythe.base.clock import Clock, unix_s
from hythe.base.progress import Progress
from hythe.monitor.finding import Report
from hythe.operations.alerts.stored import alert_in
from hythe.operations.monitoring.advice import advice
from hythe.operations.monitoring.compute import Computer
from hythe.operations.monitoring.settings import settings
from hythe.operations.monitoring.subjects import SubjectView, subjects
from hythe.operations.monitoring.traffic import traffic
from hythe.operations.monitoring.turn import LEASE
from hythe.operations.monitoring.versions import Plans
from hythe.operations.monitoring.view import MonitorView
from hythe.operations.rollouts.watched import at_work
from hythe.operations.windows import ahead, windows
from hythe.registry.registry import Registry

_SLACK_S = 5


class Viewer:
    """Looks at one endpoint, again and again; what was computed once is not computed again."""

    def __init__(self, registry: Registry, endpoint: str, clock: Clock | None = None) -> None:
        self._registry = registry
        self._endpoint = endpoint
        self._clock = clock
        self._computer = Computer(registry, endpoint)

    def look(
        self, seconds: float, version: str | None = None, progress: Progress | None = None
    ) -> MonitorView:
        """Look at the last `seconds`; at one version, or at all.

        Raises:
            Corrupt: when something stored cannot be read.
            NotFound: when there is no such endpoint.

        """
        catalog, until = self._registry.catalog, unix_s(self._clock)
        since = until - math.ceil(min(seconds, until))
        found = settings(catalog, self._endpoint)
        seen = traffic(catalog.observations, self._endpoint, since, until)
        reports = self._computer.reports(found.policy, since, until, progress)
        alerts = [alert_in(record) for record in catalog.alerts.read(self._endpoint, ("firing",))]
        shown = [report for report in reports if version in {None, report.version}]
        view = MonitorView(
            endpoint=self._endpoint,
            since=since,
            until=until,
            revision=found.revision,
            policy=found.policy,
            monitor=at_work(catalog, LEASE),
            shares=Plans.of(catalog, self._endpoint).shares,
            traffic=tuple(each for each in seen if version in {None, each.version}),
            subjects=_by_version(shown),
            alerts=tuple(alert for alert in alerts if version in {None, alert.version}),
            reports=tuple(shown),
            computed=self._computer.made(shown),
            notes=(*self._ahead(until), *_notes(shown)),
        )
        return msgspec.structs.replace(view, next=advice(view))

    def _ahead(self, now: int) -> list[str]:
        """Say whether windows begin later than it is: then a server's clock is wrong, or this one's."""
        found = windows(self._registry.catalog.observations, self._endpoint, since=now + _SLACK_S)
        note = ahead(found, now, _SLACK_S)
        return [note] if note else []


def _by_version(reports: list[Report]) -> dict[str, tuple[SubjectView, ...]]:
    names = sorted({report.version for report in reports})
    return {name: tuple(subjects([report for report in reports if report.version == name])) for name in names}


def _notes(reports: list[Report]) -> tuple[str, ...]:
    """Give the notes of the newest report of each version and length, each once."""
    newest = {(report.version, report.period_s): report for report in reports}
    return tuple(dict.fromkeys(f"{one.version}: {note}" for one in newest.values() for note in one.notes))
