"""The monitor's process; the parent runs it as `python -m hythe.control.monitor PLACE TALK SPEC`.

It looks at periods that ended, and tells of alerts, while it holds the leases in the catalog; else it waits
to take over. When it dies it is started again, looks at what is not looked at yet, and at nothing twice. It
is a process of its own so that a thousand features keep no rollout waiting.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager

from hythe.base.clock import SystemClock
from hythe.control.acting import act
from hythe.control.spec import ControlSpec
from hythe.operations.alerts.loop import run as tell
from hythe.operations.monitoring.metrics import MONITOR_METRICS, monitor_series
from hythe.operations.monitoring.turn import LEASE
from hythe.operations.monitoring.turn import run as monitor
from hythe.operations.rollouts.watched import at_work, holder_name
from hythe.registry.catalog import Catalog
from hythe.registry.registry import Registry
from hythe.runtime.counters import Series
from hythe.runtime.log import Log
from hythe.runtime.metering import Metering

_LOG = Log("hythe.monitor")


def main(_place: int, talk: int, spec: int) -> int:
    """Monitor and tell until the parent says stop, or is gone; gives the exit status."""
    told = ControlSpec.read(spec).config.metering
    return act(talk, spec, lambda registry, stop: _both(registry, stop, told))


def _both(registry: Registry, stop: threading.Event, told: Metering | None) -> None:
    """Do both at once, so that no receiver keeps a period waiting; a fault of either ends the process."""
    clock, holder = SystemClock(), holder_name()
    with _sending(told, registry.catalog, holder), ThreadPoolExecutor(2) as pool:
        doing = [
            pool.submit(monitor, registry, clock, stop, holder=holder),
            pool.submit(tell, registry.catalog, clock, stop, holder=holder),
        ]
        wait(doing, return_when=FIRST_COMPLETED)
        stop.set()
    for each in doing:
        each.result()


@contextmanager
def _sending(told: Metering | None, catalog: Catalog, holder: str) -> Iterator[None]:
    """Send what was found to a collector, where there is one, while this process is the one that acts."""
    if told is None:
        yield
        return
    from hythe.runtime.otlp_metrics import Pump

    def read() -> dict[Series, list[float]]:
        return monitor_series(catalog) if at_work(catalog, LEASE) == holder else {}

    try:
        pump = Pump(told, MONITOR_METRICS, read)
    except Exception:  # noqa: BLE001 - whatever is wrong with its surroundings, endpoints are still monitored
        _LOG.exception("no metrics are sent: the exporter does not start", url=told.endpoint)
        yield
        return
    try:
        yield
    finally:
        pump.close()


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
