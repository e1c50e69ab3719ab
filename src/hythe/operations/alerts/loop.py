"""Delivers alerts, and ends those that nobody looks at any more, while this process has the lease."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol

from hythe.base.clock import Clock
from hythe.base.errors import HytheError
from hythe.operations.alerts.deliver import Deliverer
from hythe.operations.alerts.expire import expire
from hythe.registry.catalog import Catalog
from hythe.registry.leases import Claim
from hythe.runtime.log import Log

LEASE = "alerts"
TURN_S = 1.0
LEASE_S = 10.0
_TIDY_S = 60.0
_LOG = Log("hythe.alerts")


class Stop(Protocol):
    """Says when to stop, as `threading.Event` does."""

    def is_set(self) -> bool:
        """Tell whether to stop."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it, so many seconds at most; tell whether to stop."""
        ...


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

    A catalog that is gone is waited for; what was to be sent is sent then.
    """
    claim = Claim(catalog.leases, LEASE, holder, clock.monotonic_s, lease_s)
    deliverer = Deliverer(catalog, clock, environ)
    tidied_s, fault = float("-inf"), ""
    while not stop.is_set():
        try:
            if claim.held():
                deliverer.turn()
                if clock.monotonic_s() - tidied_s >= _TIDY_S:
                    tidied_s = clock.monotonic_s()
                    expire(catalog, int(clock.now().timestamp()))
            fault = ""
        except HytheError as err:
            if err.code != fault:
                _LOG.warning("alerts are not delivered now", reason=str(err), code=err.code)
            fault = err.code
        stop.wait(turn_s)
    deliverer.close()
    try:
        claim.release()
    except HytheError as err:
        _LOG.warning("the lease on deliveries is left to run out", reason=str(err))
