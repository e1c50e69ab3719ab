"""Reports that come hour by hour to a catalog, and deliveries that are made between them."""

from __future__ import annotations

from typing import Any

from tests.unit.monitor.alerts.play import HOUR, report

from hythe.monitor.finding import Finding
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.deliver import Deliverer
from hythe.operations.alerts.outbox import outgoing_in
from hythe.operations.alerts.take import take
from hythe.operations.monitoring.policy import policy_in, stored
from hythe.registry.catalog import Catalog
from hythe.testing.fake_clock import FakeClock


class Scene:
    """One endpoint, `scoring`, and its version 1.0.0."""

    def __init__(self, catalog: Catalog, clock: FakeClock) -> None:
        self.catalog = catalog
        self.clock = clock
        self.environ: dict[str, str] = {}
        self.deliverer = Deliverer(catalog, clock, self.environ)
        self._hour = self.now() // HOUR - 1
        with catalog.edit(actor="ana") as tx:
            tx.put_plan("scoring", {"model": "churn", "arms": [{"version": "1.0.0"}]})

    def policy(self, **fields: Any) -> None:
        """Set how the endpoint is monitored."""
        with self.catalog.edit(actor="ana") as tx:
            tx.put_monitor("scoring", stored(MonitorPolicy(**fields)))

    def hour(self, *findings: Finding) -> list[str]:
        """Take the report of the next hour, at its end; give what happened."""
        self._hour += 1
        self.clock.tick(max(0, (self._hour + 1) * HOUR - self.now()))
        with self.catalog.edit(actor="controller") as tx:
            policy = policy_in(tx.monitor("scoring"))
            events = take(tx, report(self._hour * HOUR, *findings), policy, self.now())
        return [f"{event.happened} {event.alert.id}" for event in events]

    def deliver(self) -> None:
        """Make what is due now, and wait for it."""
        self.deliverer.turn()
        self.deliverer.settle()

    def deliver_for(self, seconds: int, step_s: int = 1) -> None:
        """Let time pass, and make deliveries meanwhile."""
        for _ in range(0, seconds, step_s):
            self.clock.tick(step_s)
            self.deliver()

    def states(self, alert: int = 1, *, logged: bool = False) -> dict[str, str]:
        """Say of each event and kind of receiver what became of its delivery."""
        return {
            f"{each.event} {each.receiver.partition(':')[0]}": each.state
            for each in self.catalog.alerts.deliveries(alert)
            if logged or each.receiver != "log"
        }

    def faults(self, alert: int = 1) -> list[str]:
        """Give what is kept of failures."""
        found = [outgoing_in(each).fault for each in self.catalog.alerts.deliveries(alert)]
        return [fault for fault in found if fault]

    def now(self) -> int:
        return int(self.clock.now().timestamp())
