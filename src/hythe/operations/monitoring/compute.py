"""Reports of periods that nobody has looked at yet, made for whoever asks; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.base.progress import Progress, Quiet
from hythe.monitor.finding import Report
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.monitoring.assess import Assessor
from hythe.operations.monitoring.stored import report_in
from hythe.operations.monitoring.versions import Plans
from hythe.registry.registry import Registry
from hythe.registry.reports import PeriodKey

MOST = 200
"""How many periods of one length are made up for at once, the newest ones."""


class Computer:
    """Gives the reports of an endpoint: those that are stored, and those that it makes of the rest.

    One that is kept makes each only once.
    """

    def __init__(self, registry: Registry, endpoint: str) -> None:
        self._catalog = registry.catalog
        self._endpoint = endpoint
        self._assessor = Assessor(registry)
        self._made: dict[tuple[int, PeriodKey], Report] = {}

    def reports(
        self, policy: MonitorPolicy, since: int, now: int, progress: Progress | None = None
    ) -> list[Report]:
        """Give the reports of periods that ended between two UTC seconds, by their start.

        Raises:
            Corrupt: when a report, a window or a baseline cannot be read.

        """
        found: list[Report] = []
        plans = Plans.of(self._catalog, self._endpoint)
        for period_s in sorted(policy.periods_s):
            first, end = -(-since // period_s) * period_s, now // period_s * period_s
            records = self._catalog.reports.read(self._endpoint, period_s=period_s, since=since, until=end)
            found += [report_in(record) for record in records if record.start >= first]
            due = self._catalog.reports.due(
                self._endpoint, period_s, since=first, until=end, most=100 * MOST
            )[-MOST:]
            found += self._missing(due, plans, policy, period_s, progress or Quiet())
        return sorted(found, key=lambda report: (report.start, report.period_s, report.version))

    def made(self, reports: Iterable[Report]) -> int:
        """Count those reports that were made here, and are stored nowhere."""
        own = {id(report) for report in self._made.values()}
        return sum(id(report) in own for report in reports)

    def _missing(
        self,
        due: list[PeriodKey],
        plans: Plans,
        policy: MonitorPolicy,
        period_s: int,
        progress: Progress,
    ) -> list[Report]:
        found = []
        for place, key in enumerate(due):
            if (period_s, key) not in self._made:
                progress.step("looking at periods", place, len(due))
                done = self._assessor.assess(plans, key, policy, period_s)
                self._assessor.past.add(self._endpoint, key.version, done.served)
                self._made[period_s, key] = done.report
            found.append(self._made[period_s, key])
        return found
