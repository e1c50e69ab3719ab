"""The log of a running server: for people on a terminal, else one JSON object a line in ECS field names.

structlog is imported with the first line that is logged, as a worker that is well logs nothing; and without
rich, which it would take along to colour tracebacks, and which costs more than all of structlog.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, TextIO

from hythe.base.keep_out import keep_out

_ECS = {"event": "message", "timestamp": "@timestamp", "level": "log.level", "logger": "log.logger"}
_ECS_VERSION = "8.11.0"


@dataclass(frozen=True, slots=True)
class Log:
    """Writes lines to standard error for one part of Hythe; `service.name` is on every line.

    ECS is the Elastic Common Schema. A line that finds no room on the disk is lost, and nothing else.
    """

    name: str

    def info(self, message: str, **fields: Any) -> None:
        """Note what happened."""
        with suppress(OSError):
            _logger().info(message, logger=self.name, **fields)

    def warning(self, message: str, **fields: Any) -> None:
        """Note what may become a fault."""
        with suppress(OSError):
            _logger().warning(message, logger=self.name, **fields)

    def error(self, message: str, **fields: Any) -> None:
        """Note a fault."""
        with suppress(OSError):
            _logger().error(message, logger=self.name, **fields)

    def exception(self, message: str, **fields: Any) -> None:
        """Note a fault and where the exception under way came from."""
        with suppress(OSError):
            _logger().exception(message, logger=self.name, **fields)


def _logger() -> Any:
    return make_logger(sys.stderr)


@cache
def _structlog() -> Any:
    """Import it; meanwhile rich is kept out of all threads, so this is done once."""
    with keep_out("rich"):
        import structlog
    return structlog


def make_logger(stream: TextIO) -> Any:
    """Make a structlog logger that writes to `stream`."""
    structlog = _structlog()
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if stream.isatty():
        final: list[Any] = [structlog.dev.ConsoleRenderer()]
    else:
        final = [structlog.processors.format_exc_info, _to_ecs, structlog.processors.JSONRenderer()]
    return structlog.wrap_logger(structlog.PrintLogger(stream), processors=[*shared, *final])


def _to_ecs(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Rename structlog's fields to those of ECS."""
    renamed = {_ECS.get(name, name): value for name, value in event.items()}
    if "exception" in renamed:
        renamed["error.stack_trace"] = renamed.pop("exception")
    return {**renamed, "ecs.version": _ECS_VERSION, "service.name": "hythe"}
