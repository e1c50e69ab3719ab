"""The log of a running server: for people on a terminal, else one JSON object a line in ECS field names."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_ECS = {"event": "message", "timestamp": "@timestamp", "level": "log.level", "logger": "log.logger"}


def configure(service: str, stream: TextIO | None = None) -> None:
    """Send this process's log to `stream` (standard error), with `service.name` on every line.

    ECS is the Elastic Common Schema, version 8.11.
    """
    target = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if target.isatty():
        final: list[Any] = [structlog.dev.ConsoleRenderer()]
    else:
        final = [structlog.processors.format_exc_info, _Ecs(service), structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, *final],
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )


class _Ecs:
    """Renames structlog's fields to those of ECS."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        renamed = {_ECS.get(name, name): value for name, value in event.items()}
        if "exception" in renamed:
            renamed["error.stack_trace"] = renamed.pop("exception")
        renamed["ecs.version"] = "8.11.0"
        renamed["service.name"] = self._service
        return renamed
