"""Where metrics go besides `/metrics`: as the command line says, else the standard's variables."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.util import find_spec

import msgspec

from hythe.base.errors import Invalid, Unsupported

_PATH = "/v1/metrics"
_PROTOCOLS = {"", "http/protobuf"}
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
    endpoint = _endpoint(environ) if otlp is None else otlp.rstrip("/") + _PATH
    if not endpoint or environ.get("OTEL_METRICS_EXPORTER", "otlp") != "otlp":
        return None
    found = Metering(endpoint, _interval_s(environ), time.time_ns())
    try:
        missing = find_spec("opentelemetry.exporter.otlp.proto.http") is None
    except ModuleNotFoundError:
        missing = True
    if missing:
        raise Unsupported("--otlp needs opentelemetry-exporter-otlp-proto-http; install 'hythe[otel]'")
    return found


def _endpoint(environ: Mapping[str, str]) -> str:
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    endpoint = environ.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "") or (base and base.rstrip("/") + _PATH)
    protocol = environ.get(
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "")
    )
    if endpoint and protocol not in _PROTOCOLS:
        raise Invalid(f"the environment asks for OTLP by {protocol}; metrics go by http/protobuf, port 4318")
    return endpoint


def _interval_s(environ: Mapping[str, str]) -> float:
    given = environ.get("OTEL_METRIC_EXPORT_INTERVAL", _USUAL_MS)
    try:
        return float(given) / _MS
    except ValueError as err:
        raise Invalid(f"OTEL_METRIC_EXPORT_INTERVAL is {given!r}; give milliseconds") from err
