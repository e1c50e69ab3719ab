"""What a server counts, sent to a collector by the sidecar: serving processes do nothing for it."""

from __future__ import annotations

from hythe.runtime.counters import Counters
from hythe.runtime.log import Log
from hythe.runtime.metering import Metering
from hythe.runtime.otlp_metrics import Pump

_LOG = Log("hythe.sidecar")


def make_pump(told: Metering | None, counters: Counters) -> Pump | None:
    """Send what is counted; where there is a collector, and the exporter starts: else the log says why."""
    if told is None:
        return None
    from hythe.server.http.metrics import SERVED

    try:
        return Pump(told, SERVED, counters.read)
    except Exception:  # noqa: BLE001 - whatever is wrong with its surroundings, windows are still counted
        _LOG.exception("no metrics are sent: the exporter does not start", url=told.endpoint)
        return None
