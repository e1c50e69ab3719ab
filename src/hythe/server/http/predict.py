"""`POST /predict/{endpoint}`: JSON rows or columns in, one labelled answer for each row out.

This is the way that has to be short: no task and no future for a request, the answer is written where the
model call ends.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hythe.dataplane.ask import Ask
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.ticket import Answered, Ticket
from hythe.monitor.records.call import CACHED, DEGRADED
from hythe.server.http.app import App
from hythe.server.http.messages import JSON, Reply, error_reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route

_encode = msgspec.json.Encoder().encode
_DOOR = "json"
_ANYTHING = {b"*/*", b"application/json", None}
_PLAIN_JSON = {b"application/json", b"application/x-www-form-urlencoded", None}
_MOST_AT_ONCE = 2**16
"""A larger body is answered by a task, which lets others have their turn in between."""
_FLAGGED = {
    0: b"",
    DEGRADED: b',"degraded":true',
    CACHED: b',"cached":true',
    DEGRADED | CACHED: b',"degraded":true,"cached":true',
}


class JsonTicket(Ticket):
    """A request for JSON answers, which are written as soon as they are there."""

    __slots__ = ("_app", "_request")

    def __init__(self, request: Request, ask: Ask, app: App) -> None:
        super().__init__(ask, len(request.buffer))
        self._request = request
        self._app = app
        request.on_lost = self._lost

    def answered(self, answered: Answered, start: int) -> None:
        """Write the reply: `predictions`, `version`, `prediction_id`."""
        predictions = _encode(answered.labelled()[start : start + self.rows])
        version = _encode(answered.live.spec.version)
        body = b'{"predictions":%b,"version":%b,"prediction_id":"%b"%b}' % (
            predictions,
            version,
            self.id.encode(),
            _FLAGGED[self.flags & (DEGRADED | CACHED)],
        )
        self.status, self.bytes_out = 200, len(body)
        self._app.done(self._request)
        self._request.reply(200, JSON, body)

    def refused(self, err: Exception) -> None:
        """Write the error."""
        reply = error_reply(FAULTS.spoken(err))
        self.status, self.bytes_out = reply.status, len(reply.body)
        if not self.cancelled:
            self._app.reply(self._request, reply)

    def _lost(self) -> None:
        self.cancelled = True
        self._app.done(self._request)


class PredictDoor:
    """Hythe's own protocol."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("POST", "/predict/{endpoint}", self.predict, instant=True)

    def predict(self, app: App, request: Request, name: str) -> None:
        """Answer the rows of the body."""
        endpoint = self._plane.endpoint(name)
        raw = request.raw
        body = request.buffer
        if (
            raw.get(b"content-type") not in _PLAIN_JSON
            or raw.get(b"accept") not in _ANYTHING
            or b"content-encoding" in raw
        ):
            app.begin(request, self._other, name)
            return
        if len(body) > _MOST_AT_ONCE:
            app.begin(request, self._many, name)
            return
        ticket = JsonTicket(request, request.ask(door=_DOOR), app)
        self._plane.submit(endpoint, ticket, lambda rows: rows.decode(body))

    async def _other(self, request: Request, name: str) -> Reply:
        """Answer rows that come otherwise: compressed, or as a table."""
        from hythe.server.http.any_rows import answer_any

        return await answer_any(self._plane, request, name)

    async def _many(self, request: Request, name: str) -> Reply:
        """Answer many rows of plain JSON with plain JSON."""
        from hythe.server.http.any_rows import answer_any

        return await answer_any(self._plane, request, name, may_compress=False)
