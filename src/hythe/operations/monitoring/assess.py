"""One period of one version, looked at whole: service, values, performance; one report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from hythe.base.errors import Busy, Unavailable
from hythe.monitor.finding import Finding, Report
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.service.judge import SHARE, service
from hythe.monitor.service.served import Served
from hythe.operations.monitoring.gather import Gathered, GoOn, gather
from hythe.operations.monitoring.learning import Asked, Learning
from hythe.operations.monitoring.past import Past
from hythe.operations.monitoring.performance import SHARE as OF_PERFORMANCE
from hythe.operations.monitoring.performance import Performance, VersionPeriod
from hythe.operations.monitoring.streams import SHARE as OF_STREAMS
from hythe.operations.monitoring.streams import Streams
from hythe.operations.monitoring.versions import Plans, References
from hythe.registry.registry import Registry
from hythe.registry.reports import Learned, PeriodKey

Examine: TypeAlias = Callable[[Period, MonitorPolicy, float], Report]


class Assessed(NamedTuple):
    """A report, and what else is to be stored with it; `fault` says why a period could not be looked at."""

    report: Report
    served: Served
    fresh: Learned | None = None
    fault: str = ""


class Assessor:
    """Makes reports of periods: a function of windows, baselines, the policy, and what was learned.

    Nothing is written. What was read once is remembered: baselines, what is normal, how earlier periods were
    served.
    """

    def __init__(self, registry: Registry, examine: Examine | None = None) -> None:
        self._catalog = registry.catalog
        self._references = References(registry)
        self._learning = Learning(registry.catalog)
        self._performance = Performance(registry.catalog)
        self._streams = Streams(registry.catalog.reports)
        self._examine = examine or _examine
        self.past = Past(registry.catalog.reports)

    def assess(
        self, plans: Plans, key: PeriodKey, policy: MonitorPolicy, period_s: int, go_on: GoOn = lambda: True
    ) -> Assessed:
        """Look at one period; where that fails, the report says why, so that it is not tried for ever.

        Raises:
            Busy: when the catalog is, for too long.
            Unavailable: when the catalog is gone, or `go_on` says that somebody else goes on.

        """
        try:
            return self._assessed(plans, key, policy, period_s, go_on)
        except (Busy, Unavailable):
            raise
        except Exception as err:  # noqa: BLE001 - one period's fault must not hold up the later ones
            return _failed(plans.endpoint, key, policy, period_s, err)

    def _assessed(
        self, plans: Plans, key: PeriodKey, policy: MonitorPolicy, period_s: int, go_on: GoOn
    ) -> Assessed:
        catalog = self._catalog
        gathered = gather(catalog.observations, catalog, plans, key, period_s, go_on)
        past = self.past.of(plans.endpoint, key.version, period_s, key.start)
        alpha, share = policy.alpha(period_s), plans.shares.get(key.version, 0.0)
        served = service(gathered.served, gathered.timing, past, policy.limits, SHARE * alpha, share=share)
        values, fresh = self._values(plans.endpoint, key, policy, period_s, gathered, go_on)
        labels, said = self._labels(plans, key, policy, period_s, gathered)
        every = (*served, *values.findings, *labels)
        findings = [each for each in every if each.check not in policy.ignore]
        alone = Report(
            endpoint=plans.endpoint,
            version=key.version,
            start=key.start,
            period_s=period_s,
            rows=gathered.window.rows if gathered.window else 0,
            alpha=alpha,
            findings=_ordered(findings),
            notes=(*gathered.notes, *values.notes, *said),
        )
        return Assessed(self._with_streams(alone, policy), gathered.served, fresh)

    def _with_streams(self, alone: Report, policy: MonitorPolicy) -> Report:
        """Add what losses and scores show only over several periods."""
        found = [
            each
            for each in self._streams.findings(alone, policy)
            if not {each.check, each.subject} & {*policy.ignore}
        ]
        return replace(alone, findings=_ordered((*alone.findings, *found))) if found else alone

    def _labels(
        self, plans: Plans, key: PeriodKey, policy: MonitorPolicy, period_s: int, gathered: Gathered
    ) -> tuple[list[Finding], list[str]]:
        """Say how right answers were, by the labels that came in the period."""
        catalog, version = self._catalog, key.version
        reference, _ = self._references.of(gathered.digest)
        known = cache(lambda revision: plans.digest(catalog, version, revision) == gathered.digest)
        period = VersionPeriod(plans.endpoint, version, key.start, period_s, known)
        baseline = None if reference is None else reference.baseline
        return self._performance.findings(period, baseline, policy, OF_PERFORMANCE * policy.alpha(period_s))

    def _values(
        self,
        endpoint: str,
        key: PeriodKey,
        policy: MonitorPolicy,
        period_s: int,
        gathered: Gathered,
        go_on: GoOn,
    ) -> tuple[Report, Learned | None]:
        """Hold the values of features and outputs against the baseline, where there is one."""
        alpha = (1.0 - SHARE - OF_PERFORMANCE - OF_STREAMS) * policy.alpha(period_s)
        empty = Report(
            endpoint=endpoint, version=key.version, start=key.start, period_s=period_s, rows=0, alpha=alpha
        )
        if gathered.window is None:
            return empty, None
        reference, missing = self._references.of(gathered.digest)
        if reference is None:
            return replace(empty, notes=(missing,)), None
        asked = Asked(endpoint, key.version, reference, policy, period_s, key.start + period_s)
        known = self._learning.of(asked, go_on)
        period = Period(
            window=gathered.window,
            baseline=reference.baseline,
            schema=reference.schema,
            normal=known.normal,
        )
        found = self._examine(period, policy, alpha)
        return replace(found, notes=(*found.notes, *filter(None, (known.note,)))), known.fresh


def _failed(endpoint: str, key: PeriodKey, policy: MonitorPolicy, period_s: int, err: Exception) -> Assessed:
    fault = f"the period could not be looked at: {type(err).__name__}: {err}"
    report = Report(
        endpoint=endpoint,
        version=key.version,
        start=key.start,
        period_s=period_s,
        rows=0,
        alpha=policy.alpha(period_s),
        notes=(fault,),
    )
    return Assessed(report, Served.silent(key.start, period_s), fault=fault)


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put alarms first; else the order stays."""
    return tuple(sorted(findings, key=lambda finding: finding.verdict != "alarm"))


def _examine(period: Period, policy: MonitorPolicy, alpha: float) -> Report:
    from hythe.monitor.examine import examine

    return examine(period, policy, alpha)
