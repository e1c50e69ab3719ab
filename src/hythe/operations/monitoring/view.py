"""All that is known of an endpoint at one moment: what people look at first."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hythe.monitor.alerts.alert import Alert
from hythe.monitor.finding import Report
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.monitoring.subjects import SubjectView
from hythe.operations.monitoring.traffic import VersionTraffic


class MonitorView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint from second `since` to `until` (UTC), as `hythe monitor --json` gives it.

    `shares` are of the traffic that each version is to get. `subjects` are by version: what each check knows
    of each feature, output and so on. `reports` are of all periods that ended in that time; `computed` of
    them were made for this look and are not stored. `alerts` stand. `revision` counts how many times the
    `policy` was put, 0 for the usual one; `monitor` names the process that looks by itself, "" for none.
    `next` says what to do.
    """

    endpoint: str
    since: int
    until: int
    revision: int
    policy: MonitorPolicy
    monitor: str
    shares: Mapping[str, float]
    traffic: tuple[VersionTraffic, ...]
    subjects: Mapping[str, tuple[SubjectView, ...]]
    alerts: tuple[Alert, ...]
    reports: tuple[Report, ...]
    computed: int
    notes: tuple[str, ...]
    next: tuple[str, ...] = ()

    @property
    def versions(self) -> list[str]:
        """The versions that were asked or are to be, those asked most first."""
        asked = [each.version for each in self.traffic]
        return asked + [version for version in self.shares if version not in asked]

    @property
    def alarms(self) -> int:
        """How many findings of the newest periods alarm."""
        return sum(view.verdict == "alarm" for views in self.subjects.values() for view in views)
