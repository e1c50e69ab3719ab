"""How endpoints are monitored: documents of settings by endpoint. What they say is nothing to this file."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, select

from hythe.registry.tables import monitors


class MonitorRecord(msgspec.Struct, frozen=True):
    """The settings of one endpoint's monitoring, and how many times they have been put."""

    endpoint: str
    revision: int
    document: Any
    at: str
    by: str


def read_monitors(connection: Connection, endpoint: str | None = None) -> list[MonitorRecord]:
    """Give the settings of all endpoints that have any, or of one."""
    query = select(monitors).order_by(monitors.c.endpoint)
    return _read(connection, query if endpoint is None else query.where(monitors.c.endpoint == endpoint))


def _read(connection: Connection, query: Select[Any]) -> list[MonitorRecord]:
    return [_record(row) for row in connection.execute(query)]


def _record(row: Row[Any]) -> MonitorRecord:
    return MonitorRecord(row.endpoint, row.revision, msgspec.json.decode(row.document), row.at, row.by)
