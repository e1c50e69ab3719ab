"""`/health/live` and `/health/ready`."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.dataplane.plane import DataPlane
from hythe.server.http.messages import Reply, json_reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route
from hythe.server.http.state import State


class HealthDoor:
    """Live as long as the process answers; ready while it takes traffic and every model would answer."""

    def __init__(self, plane: DataPlane, state: State) -> None:
        self._plane = plane
        self._state = state

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", "/health/live", self.live, open=True)
        yield Route("GET", "/health/ready", self.ready, open=True)

    async def live(self, _request: Request) -> Reply:
        """Say that the process answers."""
        return json_reply({"live": True})

    async def ready(self, _request: Request) -> Reply:
        """Say whether traffic may come, what each endpoint says, and what is not as the catalog says."""
        ready = self._plane.ready and not self._state.draining
        endpoints = {name: endpoint.ready for name, endpoint in self._plane.endpoints.items()}
        document = {
            "ready": ready,
            "draining": self._state.draining,
            "endpoints": endpoints,
            "notices": self._state.notices(),
        }
        return json_reply(document, 200 if ready else 503)
