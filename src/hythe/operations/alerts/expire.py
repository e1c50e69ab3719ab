"""Alerts that nobody looks at any more: their version has no traffic, or their endpoint is gone."""

from __future__ import annotations

from hythe.base.errors import HytheError
from hythe.monitor.alerts.advance import resolve
from hythe.monitor.alerts.alert import Alert
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.message import time_of
from hythe.operations.alerts.stored import alert_in
from hythe.operations.alerts.take import put
from hythe.operations.monitoring.policy import policy_in
from hythe.registry.catalog import Catalog
from hythe.runtime.log import Log

_QUIET_S = 2 * 86400
_QUIET_PERIODS = 2
_LOG = Log("hythe.alerts")


def expire(catalog: Catalog, now: int) -> list[Alert]:
    """Resolve alerts of which no period was examined for two days, or two of the longest; give them.

    What ended long ago is removed beside it.
    """
    catalog.alerts.forget(now)
    ended = []
    for record in catalog.alerts.read(states=("firing", "pending"), most=None):
        try:
            alert = alert_in(record)
            if not _quiet(alert, policy_in(catalog.monitor(alert.endpoint)), now):
                continue
            ended += _end(catalog, alert, now)
        except HytheError as err:
            _LOG.warning("an alert cannot be looked at", alert=record.id, reason=str(err))
    return ended


def last_looked(alert: Alert) -> int:
    """Give the end of the newest period that was examined for an alert (UTC seconds)."""
    return max((start + period_s for period_s, start in alert.taken.items()), default=alert.opened)


def _quiet(alert: Alert, policy: MonitorPolicy, now: int) -> bool:
    allowed_s = max(_QUIET_S, _QUIET_PERIODS * max(policy.periods_s))
    return now - last_looked(alert) > allowed_s


def _end(catalog: Catalog, alert: Alert, now: int) -> list[Alert]:
    with catalog.edit(actor="controller", why="nothing to look at") as tx:
        standing = alert_in(tx.alert(alert.id))
        if standing.taken != alert.taken or standing.state != alert.state:
            return []
        if alert.state == "pending":
            tx.drop_alert(alert.id)
            return []
        since = time_of(last_looked(alert))
        reason = f"nothing was examined since {since}: version {alert.version} has no traffic"
        policy = policy_in(tx.monitor(alert.endpoint))
        return [put(tx, resolve(standing, now, reason), policy, now).alert]
