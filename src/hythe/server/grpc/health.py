"""gRPC's health checking protocol: of the server ("", or its service's name), and of endpoints by name."""

from __future__ import annotations

from typing import Any

from hythe.base.errors import NotFound
from hythe.server.grpc.messages import INFERENCE, HealthCheckResponse
from hythe.server.grpc.readiness import Readiness
from hythe.server.grpc.status import Context

WATCH_S = 0.5
"""How long a change of a model's state may go unseen by those who watch; a drain is told at once."""


class HealthDoor:
    """Says whether traffic may come; asks for no key, as probes have none."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def check(self, request: Any, _context: Context) -> Any:
        """Answer once; raises NotFound for a name that is neither service nor endpoint."""
        status = self._status(request.service)
        if status == "SERVICE_UNKNOWN":
            raise NotFound(f"there is no service and no endpoint {request.service!r}; ask for '' or a model")
        return HealthCheckResponse(status=status)

    async def watch(self, request: Any, context: Context) -> None:
        """Answer now and after every change; a drain is the last."""
        said, ending = "", False
        while not ending:
            ending = self._readiness.draining
            status = self._status(request.service)
            if status != said:
                said = status
                await context.write(HealthCheckResponse(status=status))
            if not ending:
                await self._readiness.changed(WATCH_S)

    def _status(self, service: str) -> str:
        whole = service in {"", INFERENCE}
        ready = self._readiness.ready if whole else self._readiness.of(service)
        if ready is None:
            return "SERVICE_UNKNOWN"
        return "SERVING" if ready else "NOT_SERVING"
