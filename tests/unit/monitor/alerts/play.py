"""Plays reports to the alerts of one version, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from hythe.monitor.alerts.advance import advance
from hythe.monitor.alerts.alert import Alert
from hythe.monitor.finding import Finding, Kind, Report
from hythe.monitor.rule import Rule

HOUR, DAY = 3600, 86400
DRIFT = Rule(name="drift", kind="drift")


def finding(
    subject: str,
    verdict: str = "alarm",
    *,
    kind: Kind = "drift",
    check: str = "distribution",
    p_value: float | None = None,
    value: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Finding:
    return Finding(
        kind=kind, check=check, subject=subject, verdict=verdict, message=f"{subject} {verdict}",  # type: ignore[arg-type]
        p_value=p_value, value=value, low=low, high=high,
    )  # fmt: skip


def report(start: int, *findings: Finding, period_s: int = HOUR, version: str = "1.0.0") -> Report:
    return Report(
        endpoint="scoring", version=version, start=start, period_s=period_s, rows=1000, alpha=1e-4,
        findings=findings,
    )  # fmt: skip


@dataclass
class Play:
    """A version's alerts as a catalog would keep them."""

    rules: Sequence[Rule] = (DRIFT,)
    alerts: list[Alert] = field(default_factory=list)

    def take(self, told: Report) -> list[str]:
        """Take one report; give what happened, as `fired 1`."""
        done = advance(told, self.rules, self.alerts, told.start + told.period_s)
        events = []
        self.alerts = []
        for at, alert in enumerate(done.alerts):
            if not alert.subjects:
                continue
            number = alert.id or 1 + max([0, *(each.id for each in (*done.alerts, *self.alerts))])
            self.alerts.append(replace(alert, id=number))
            if at in done.happened:
                events.append(f"{done.happened[at]} {number}")
        return events

    def hours(self, told: Mapping[int, Sequence[Finding]], until: int) -> dict[int, list[str]]:
        """Take an hourly report each hour: `told[hour]` where there is one, else that age is fine."""
        happened = {
            hour: self.take(report(hour * HOUR, *told.get(hour, [finding("feature:age", "ok", p_value=0.5)])))
            for hour in range(until)
        }
        return {hour: events for hour, events in happened.items() if events}
