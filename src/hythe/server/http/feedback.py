"""`POST /feedback/{endpoint}`: what became of predictions, told later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.feedback import FeedbackDesk
from hythe.dataplane.gate import Gate
from hythe.dataplane.plane import DataPlane
from hythe.monitor.outcomes.expected import Expected
from hythe.monitor.outcomes.feedback import Telling
from hythe.server.http.feedback_bodies import LINES_TYPES, read_items
from hythe.server.http.messages import Reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route
from hythe.server.http.tables import TABLE_TYPES

_VERB = "feedback"
_AT_ONCE = 100
"""So many items are checked before others get a turn: less than half a millisecond of work."""


class FeedbackDoor:
    """Checks what is told and hands it over; the catalog is not asked, so it may be gone."""

    def __init__(self, plane: DataPlane, desk: FeedbackDesk, gate: Gate | None) -> None:
        self._plane = plane
        self._desk = desk
        self._gate = gate

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("POST", "/feedback/{endpoint}", self.feedback)

    async def feedback(self, request: Request, name: str) -> Reply:
        """Take all that the body tells, or nothing of it."""
        endpoint = self._plane.endpoint(name)
        if self._gate is not None:
            self._gate.admit(request.caller, name, _VERB)
        endpoint.limits.admit_bytes(len(request.buffer))
        telling = await _read(request, endpoint)
        taken = await self._desk.take(name, telling.told)
        return Reply(msgspec.json.encode({"taken": taken}), 202)


async def _read(request: Request, endpoint: Endpoint) -> Telling:
    kind = request.content_type
    tables = kind in TABLE_TYPES or kind in LINES_TYPES
    body = await (request.content() if tables else request.json_body())
    expects = _expected(endpoint)
    telling = Telling(expects)
    read = partial(read_items, kind, body, expects[0], endpoint.limits)
    pieces = await asyncio.to_thread(read) if kind in TABLE_TYPES else read()
    for items in pieces:
        for start in range(0, len(items), _AT_ONCE):
            telling.add(items[start : start + _AT_ONCE])
            endpoint.limits.admit_rows(telling.items)
            await asyncio.sleep(0)
    endpoint.limits.admit_rows(telling.items)
    return telling


def _expected(endpoint: Endpoint) -> Sequence[Expected]:
    """Tell what outcomes may be: as one of the versions answers, the first arm's before the others."""
    first = endpoint.spec.schema
    others = [item.schema for item in endpoint.spec.versions]
    return list(dict.fromkeys(Expected.of(schema.outputs) for schema in (first, *others)))
