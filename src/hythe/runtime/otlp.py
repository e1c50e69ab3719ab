"""What all that goes to an OpenTelemetry collector shares: where to, who sends it, what the exporters say."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from hythe.base.errors import Invalid, Unsupported
from hythe.base.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

SCOPE = "hythe"
_PROTOCOLS = {"", "http/protobuf"}
_SENT = {"traces": "spans", "metrics": "metrics"}


def endpoint_of(signal: Literal["traces", "metrics"], otlp: str | None, environ: Mapping[str, str]) -> str:
    """Find the URL that takes a signal, "" for none: of the collector `otlp`, else by the environment.

    >>> endpoint_of("traces", None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    'http://127.0.0.1:4318/v1/traces'

    Raises:
        Invalid: when the environment asks for another protocol than HTTP.

    """
    if otlp is not None:
        return f"{otlp.rstrip('/')}/v1/{signal}"
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    own = f"OTEL_EXPORTER_OTLP_{signal.upper()}"
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    endpoint = environ.get(f"{own}_ENDPOINT", "") or (base and f"{base.rstrip('/')}/v1/{signal}")
    protocol = environ.get(f"{own}_PROTOCOL", environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", ""))
    if endpoint and protocol not in _PROTOCOLS:
        raise Invalid(
            f"the environment asks for OTLP by {protocol}; {_SENT[signal]} go by http/protobuf, port 4318"
        )
    return endpoint


def check_installed(asked: str) -> None:
    """See that the exporter is installed, which `asked` needs; raises Unsupported."""
    try:
        missing = find_spec("opentelemetry.exporter.otlp.proto.http") is None
    except ModuleNotFoundError:
        missing = True
    if missing:
        raise Unsupported(f"{asked} needs opentelemetry-exporter-otlp-proto-http; install 'hythe[otel]'")


def make_resource() -> Resource:
    """Say who sends, as the standard's variables have it, else as `hythe` of this version."""
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource

    found = Resource.create()
    ours = {}
    if str(found.attributes[SERVICE_NAME]).startswith("unknown_service"):
        ours[SERVICE_NAME] = "hythe"
    if SERVICE_VERSION not in found.attributes:
        ours[SERVICE_VERSION] = VERSION
    return found.merge(Resource(ours))


class Heard(logging.Handler):
    """Keeps what OpenTelemetry says of an exporter's troubles, so that our log says it, once.

    Exporters share loggers, and each works on a thread of its own: what is said on the one that listens is
    of its exporter. `first` is the first thing that was said since.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""
        self._thread: int | None = None
        logger = logging.getLogger("opentelemetry")
        logger.addHandler(self)
        logger.propagate = False

    def listen(self) -> None:
        """Forget what was said, and listen to this thread."""
        self.first, self._thread = "", threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first thing said."""
        if record.thread == self._thread:
            self.first = self.first or record.getMessage()
