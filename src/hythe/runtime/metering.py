"""Where metrics go besides `/metrics`: as the command line says, else the standard's variables."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from hythe.base.errors import Invalid
from hythe.runtime.otlp import check_installed, endpoint_of

_MS = 1000.0
_USUAL_MS = "60000"


class Metering(msgspec.Struct, frozen=True):
    """`endpoint` is the URL that takes metrics by OTLP over HTTP, every `interval_s` seconds.

    Counts began at `started_ns` (UTC).
    """

    endpoint: str
    interval_s: float = 60.0
    started_ns: int = 0

    def __post_init__(self) -> None:
        if not self.endpoint.startswith(("http://", "https://")):
            raise Invalid(f"the collector is {self.endpoint!r}; give a URL such as http://127.0.0.1:4318")
        if not self.interval_s > 0:
            raise Invalid(f"metrics are sent every {self.interval_s} s; give more than 0")


def metering(otlp: str | None, environ: Mapping[str, str]) -> Metering | None:
    """Say where metrics go; None for nowhere. `otlp` is a collector's base URL.

    Without it the standard's variables count: `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`,
    `OTEL_EXPORTER_OTLP_ENDPOINT`; `OTEL_METRICS_EXPORTER=none` and `OTEL_SDK_DISABLED` turn them off, and
    `OTEL_METRIC_EXPORT_INTERVAL` (ms) says how often, with or without it.

    >>> metering(None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}).endpoint
    'http://127.0.0.1:4318/v1/metrics'

    Raises:
        Invalid: when a value does not fit.
        Unsupported: when the packages for it are missing.

    """
    off = environ.get("OTEL_METRICS_EXPORTER", "otlp") != "otlp"
    endpoint = endpoint_of("metrics", otlp, environ)
    if not endpoint or off:
        return None
    found = Metering(endpoint, _interval_s(environ), time.time_ns())
    check_installed("--otlp")
    return found


def _interval_s(environ: Mapping[str, str]) -> float:
    given = environ.get("OTEL_METRIC_EXPORT_INTERVAL", _USUAL_MS)
    try:
        return float(given) / _MS
    except ValueError as err:
        raise Invalid(f"OTEL_METRIC_EXPORT_INTERVAL is {given!r}; give milliseconds") from err
