"""How a version served in earlier periods, as far as reports tell."""

from __future__ import annotations

from hythe.base.clock import DAY_S
from hythe.monitor.service.history import served_in
from hythe.monitor.service.served import Served
from hythe.operations.monitoring.stored import service_in
from hythe.registry.reports import Reports

_MOST = 1000
_BACK_S = 7 * DAY_S


class Past:
    """Reads a version's earlier reports once, and adds what is found from then on."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._known: dict[tuple[str, str, int], list[Served]] = {}

    def of(self, endpoint: str, version: str, period_s: int, start: int) -> list[Served]:
        """Give what is known of the week before second `start`, the oldest first.

        Raises:
            Corrupt: when a report cannot be read.

        """
        key = endpoint, version, period_s
        if key not in self._known:
            records = self._reports.read(
                endpoint, version, period_s=period_s, since=start - _BACK_S, until=start, newest=_MOST
            )
            self._known[key] = [served_in(service_in(record)) for record in records]
        known = self._known[key] = [each for each in self._known[key] if each.start >= start - _BACK_S]
        return [each for each in known if each.start < start]

    def add(self, endpoint: str, version: str, served: Served) -> None:
        """Remember a period that was reported on just now."""
        self._known.setdefault((endpoint, version, served.period_s), []).append(served)
