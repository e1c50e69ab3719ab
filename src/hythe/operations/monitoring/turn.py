"""Monitors endpoints: looks at each period that ended, once, and stores what was found with its alerts.

Any number of processes may do so; one acts, by a lease in the catalog. A report, the alerts that it fires or
resolves and what was learned for it are stored in one transaction, and a report of a period is stored once;
so whatever dies at whatever point, the next turn does what is left, and nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from hythe.base.clock import HOUR_S, Clock, unix_s
from hythe.base.errors import Busy, Unavailable
from hythe.monitor.finding import Report
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.take import take
from hythe.operations.leading import Stop, lead
from hythe.operations.monitoring.assess import Assessed, Assessor, Examine
from hythe.operations.monitoring.policy import duration, policy_in
from hythe.operations.monitoring.stored import record_of
from hythe.operations.monitoring.times import caught_up_from, ended, grace_s, kept_s
from hythe.operations.monitoring.versions import Plans
from hythe.registry.leases import Claim
from hythe.registry.monitors import MonitorRecord
from hythe.registry.registry import Registry
from hythe.registry.reports import PeriodKey
from hythe.runtime.log import Log

ACTOR = LEASE = "monitor"
TURN_S = 2.0
LEASE_S = 10.0
MOST_A_TURN = 8
"""How many periods of one length of one endpoint a turn looks at; what is left waits for the next."""
_SETTLED_S = 30
_LIST_S = 10.0
_SECOND_NS = 1_000_000_000
_LOG = Log("hythe.monitor")


class Monitoring:
    """Looks at all endpoints that have windows, a `turn` at a time.

    `go_on` is asked between steps whether this process still is the one that acts.
    """

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        go_on: Callable[[], bool] = lambda: True,
        *,
        examine: Examine | None = None,
    ) -> None:
        self._catalog = registry.catalog
        self._clock = clock
        self._go_on = go_on
        self._assessor = Assessor(registry, examine)
        self._done: dict[tuple[str, int], int] = {}
        self._faults: dict[str, str] = {}
        self._reached_s = clock.monotonic_s()
        self._tidied_s = self._listed_s = float("-inf")
        self._endpoints: list[str] = []

    def turn(self) -> list[Report]:
        """Look at what has ended and is not looked at yet, some of it; give the reports that were stored.

        What is wrong with one endpoint is logged, and keeps none of the others.

        Raises:
            Busy: when the catalog is, for too long.
            Unavailable: when the catalog is gone.

        """
        try:
            settings = {record.endpoint: record for record in self._catalog.monitors()}
            found = [
                report
                for endpoint in self._observed()
                for report in self._tried(endpoint, settings.get(endpoint))
            ]
            self._tidy()
        except (Busy, Unavailable):
            # Servers kept windows meanwhile; they get the time to store them.
            self._reached_s = self._clock.monotonic_s()
            raise
        return found

    def _observed(self) -> list[str]:
        """List the endpoints that have windows, as of some seconds ago at the most."""
        now_s = self._clock.monotonic_s()
        if now_s - self._listed_s >= _LIST_S:
            self._endpoints, self._listed_s = self._catalog.observations.endpoints(), now_s
        return self._endpoints

    def _tried(self, endpoint: str, settings: MonitorRecord | None) -> list[Report]:
        found: list[Report] = []
        try:
            for report in self._endpoint(endpoint, policy_in(settings)):
                found.append(report)  # noqa: PERF402 - what was stored before a fault counts, too
        except (Busy, Unavailable):
            raise
        except Exception as err:  # noqa: BLE001 - one endpoint's fault must not hold up the others
            fault = f"{type(err).__name__}: {err}"
            if self._faults.get(endpoint) != fault:
                _LOG.error("an endpoint cannot be monitored", endpoint=endpoint, reason=fault)
            self._faults[endpoint] = fault
        else:
            self._faults.pop(endpoint, None)
        return found

    def _endpoint(self, endpoint: str, policy: MonitorPolicy) -> Iterator[Report]:
        now = unix_s(self._clock)
        plans: Plans | None = None
        for period_s in sorted(policy.periods_s):
            newest = ended(now, period_s)
            if self._done.get((endpoint, period_s)) == newest or not self._settled(period_s):
                continue
            plans = plans or Plans.of(self._catalog, endpoint)
            since = caught_up_from(newest, period_s)
            due = self._catalog.reports.due(endpoint, period_s, since=since, until=newest, most=MOST_A_TURN)
            whole = len(due) < MOST_A_TURN
            for key in (*due, *(self._without_windows(plans, period_s, newest) if whole else ())):
                report = self._look(plans, key, policy, period_s, now)
                if report is not None:
                    yield report
            if whole:
                self._done[endpoint, period_s] = newest

    def _settled(self, period_s: int) -> bool:
        """Tell whether servers have had the time to store what they kept while the catalog was away."""
        return self._clock.monotonic_s() - self._reached_s >= min(grace_s(period_s), _SETTLED_S)

    def _without_windows(self, plans: Plans, period_s: int, newest: int) -> list[PeriodKey]:
        """Give the last period of versions that got no traffic in it, but had some lately and are to get it.

        And of those of whose earlier predictions something was told in it.
        """
        start = newest - period_s
        told = self._catalog.labelled.versions(plans.endpoint, start * _SECOND_NS, newest * _SECOND_NS)
        stored = self._catalog.reports.read(plans.endpoint, period_s=period_s, since=start, until=newest)
        reported = {record.version for record in stored}
        past = self._assessor.past
        silent = [
            version
            for version in plans.shares
            if any(each.requests for each in past.of(plans.endpoint, version, period_s, start))
        ]
        return [PeriodKey(start, version) for version in sorted({*silent, *told} - reported)]

    def _look(
        self, plans: Plans, key: PeriodKey, policy: MonitorPolicy, period_s: int, now: int
    ) -> Report | None:
        found = self._assessor.assess(plans, key, policy, period_s, self._go_on)
        if found.fault:
            _LOG.error(found.fault, endpoint=plans.endpoint, version=key.version, start=key.start)
        if not self._go_on():
            raise Unavailable(f"another process monitors {plans.endpoint!r} now")
        if not self._stored(found, policy, now):
            return None
        self._assessor.past.add(plans.endpoint, key.version, found.served)
        return found.report

    def _stored(self, found: Assessed, policy: MonitorPolicy, now: int) -> bool:
        """Store a report and what follows from it; False, and nothing, where it stands already."""
        report = found.report
        began = datetime.fromtimestamp(report.start, UTC).strftime("%Y-%m-%d %H:%M:%S")
        with self._catalog.edit(actor=ACTOR, why=f"{duration(report.period_s)} from {began} UTC") as tx:
            if not tx.put_report(record_of(report)):
                return False
            if found.fresh is not None:
                tx.put_learned(found.fresh)
            take(tx, report, policy, now)
        for finding in report.alarms:
            _LOG.warning(
                finding.message, endpoint=report.endpoint, version=report.version, subject=finding.subject
            )
        return True

    def _tidy(self) -> None:
        """Remove reports that are too old, once an hour."""
        if self._clock.monotonic_s() - self._tidied_s < HOUR_S:
            return
        self._tidied_s = self._clock.monotonic_s()
        now = unix_s(self._clock)
        for period_s in self._catalog.reports.lengths():
            self._catalog.reports.forget(period_s, now - kept_s(period_s))


def run(
    registry: Registry,
    clock: Clock,
    stop: Stop,
    *,
    holder: str,
    turn_s: float = TURN_S,
    lease_s: float = LEASE_S,
    on_turn: Callable[[bool], None] = lambda _: None,
) -> None:
    """Monitor until `stop` is set, while the lease on that is this process's.

    `holder` names the process, as no other is named; another takes over when it has not been heard of for
    `lease_s`. It looks every `turn_s`. `on_turn` hears after each turn whether this process acts.
    """
    claim = Claim(registry.catalog.leases, LEASE, holder, clock.monotonic_s, lease_s)
    lead(
        claim,
        stop,
        lambda: Monitoring(registry, clock, lambda: not stop.is_set() and claim.held()),
        turn_s=turn_s,
        log=_LOG,
        halted="endpoints are not monitored now",
        on_turn=on_turn,
    )
