"""What an edit may do to monitoring: settings, with an entry in the change log; reports, without."""

from __future__ import annotations

from typing import Any

from hythe.base.errors import Conflict
from hythe.bundle.canonical import canonical
from hythe.registry.logged import Logged
from hythe.registry.monitors import MonitorRecord, read_monitors
from hythe.registry.refs import check_name
from hythe.registry.reports import Learned, ReportRecord, write_learned, write_report
from hythe.registry.tables import monitors


class MonitorEdits(Logged):
    """What an edit may do to monitoring."""

    def put_monitor(self, endpoint: str, document: Any, expected_revision: int | None = None) -> int:
        """Store how an endpoint is monitored and give the revision, counted from 1.

        Raises:
            Conflict: when they are not at `expected_revision` (0 where there are none).

        """
        before = self._monitor(check_name(endpoint))
        revision = before.revision if before else 0
        if expected_revision is not None and expected_revision != revision:
            raise Conflict(
                f"the monitoring of '{endpoint}' is at revision {revision}, not {expected_revision}; "
                "look again"
            )
        self._run(monitors.delete().where(monitors.c.endpoint == endpoint))
        row = {"endpoint": endpoint, "revision": revision + 1, "at": self._now, "by": self._actor}
        self._run(monitors.insert().values(**row, document=canonical(document).decode()))
        self._log("put monitor", f"monitor/{endpoint}", before and before.document, document)
        return revision + 1

    def put_report(self, record: ReportRecord) -> bool:
        """Store what was found of one period, once; False, and nothing, where it stands. It is not logged."""
        return write_report(self._connection, record)

    def put_learned(self, learned: Learned) -> bool:
        """Store what variation was learned to be normal, once; False where it stands. It is not logged."""
        return write_learned(self._connection, learned)

    def _monitor(self, endpoint: str) -> MonitorRecord | None:
        return next(iter(read_monitors(self._connection, endpoint)), None)
