"""Delivers alerts, and ends those that nobody looks at any more, while this process has the lease."""

from __future__ import annotations

import os
from collections.abc import Mapping

from hythe.base.clock import Clock, unix_s
from hythe.operations.alerts.deliver import Deliverer
from hythe.operations.alerts.expire import expire
from hythe.operations.leading import Stop, lead
from hythe.registry.catalog import Catalog
from hythe.registry.leases import Claim
from hythe.runtime.log import Log

LEASE = "alerts"
TURN_S = 1.0
LEASE_S = 10.0
_TIDY_S = 60.0
_LOG = Log("hythe.alerts")


class Telling:
    """Tells of alerts, a `turn` at a time."""

    def __init__(self, catalog: Catalog, clock: Clock, deliverer: Deliverer) -> None:
        self._catalog = catalog
        self._clock = clock
        self._deliverer = deliverer
        self._tidied_s = float("-inf")

    def turn(self) -> None:
        """Begin the deliveries that are due, and once a minute look for alerts that nobody looks at.

        Raises:
            Busy: when the catalog is, for too long.
            Unavailable: when the catalog is gone.

        """
        self._deliverer.turn()
        if self._clock.monotonic_s() - self._tidied_s >= _TIDY_S:
            self._tidied_s = self._clock.monotonic_s()
            expire(self._catalog, unix_s(self._clock))


def run(
    catalog: Catalog,
    clock: Clock,
    stop: Stop,
    *,
    holder: str,
    environ: Mapping[str, str] = os.environ,
    turn_s: float = TURN_S,
    lease_s: float = LEASE_S,
) -> None:
    """Deliver until `stop` is set, while the lease is held by `holder`, which names the process.

    A catalog that is gone is waited for; what was to be sent is sent then. `environ` has the secrets.
    """
    claim = Claim(catalog.leases, LEASE, holder, clock.monotonic_s, lease_s)
    deliverer = Deliverer(catalog, clock, environ)
    try:
        lead(
            claim,
            stop,
            lambda: Telling(catalog, clock, deliverer),
            turn_s=turn_s,
            log=_LOG,
            halted="alerts are not delivered now",
        )
    finally:
        deliverer.close()
