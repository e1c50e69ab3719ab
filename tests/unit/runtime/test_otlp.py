"""What exporters say of their troubles is told of the one that it is of."""

from __future__ import annotations

import logging
from threading import Thread

from hythe.runtime.otlp import Heard


def test_what_is_said_of_another_exporter_is_not_heard() -> None:
    logger = logging.getLogger("opentelemetry.exporter.shared")
    spans, metrics = Heard(), Heard()
    spans.listen()

    def export() -> None:
        metrics.listen()
        logger.error("metrics are refused")

    other = Thread(target=export)
    other.start()
    other.join()
    assert (spans.first, metrics.first) == ("", "metrics are refused")
    logger.warning("spans are refused")
    logger.warning("and again")
    assert (spans.first, metrics.first) == ("spans are refused", "metrics are refused")
    spans.listen()
    assert spans.first == ""
