"""A request of any door, handed to the data plane."""

from __future__ import annotations

from hythe.dataplane.plane import DataPlane, Prediction, Read
from hythe.server.http.messages import Request


async def predict(
    plane: DataPlane, _request: Request, endpoint: str, read: Read, *, door: str, version: str | None = None
) -> Prediction:
    """Answer the rows that `read` finds in the request; `door` names the protocol for the log.

    Raises:
        HytheError: as `DataPlane.predict` does.

    """
    del door
    return await plane.predict(endpoint, read, version=version)
