"""A request of any door, handed to the data plane."""

from __future__ import annotations

from hythe.dataplane.plane import DataPlane, Read
from hythe.dataplane.ticket import Awaited, Prediction
from hythe.server.http.request import Request


async def predict(
    plane: DataPlane, request: Request, endpoint: str, read: Read, *, door: str, version: str | None = None
) -> Prediction:
    """Answer the rows that `read` finds in the request; `door` names the protocol for the log.

    Raises:
        HytheError: as `DataPlane.predict` does.

    """

    def begun(ticket: Awaited) -> None:
        request.ticket = ticket

    ask = request.ask(version, door)
    return await plane.predict(endpoint, read, ask, bytes_in=len(request.buffer), begun=begun)
