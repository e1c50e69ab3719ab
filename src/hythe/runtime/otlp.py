"""What all that goes to an OpenTelemetry collector shares: who sends it, and what the exporters say."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hythe.base.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

SCOPE = "hythe"


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
    """Keeps what OpenTelemetry says of its troubles, so that our log says it, once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""
        logger = logging.getLogger("opentelemetry")
        logger.addHandler(self)
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first thing said."""
        self.first = self.first or record.getMessage()
