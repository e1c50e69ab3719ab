"""Whether traffic may come: asked by clients, and told to those who watch."""

from __future__ import annotations

import asyncio
import contextlib

from hythe.dataplane.plane import DataPlane


class Readiness:
    """Ready while this process takes traffic and every model would answer."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._drained = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether traffic may come."""
        return self._plane.ready and not self._drained.is_set()

    @property
    def draining(self) -> bool:
        """Whether this process is about to end."""
        return self._drained.is_set()

    def of(self, endpoint: str) -> bool | None:
        """Tell whether traffic for one endpoint may come; None when there is no such endpoint."""
        found = self._plane.endpoints.get(endpoint)
        return None if found is None else found.ready and not self._drained.is_set()

    def drain(self) -> None:
        """Say no from now on."""
        self._drained.set()

    async def changed(self, patience_s: float) -> None:
        """Wait until the drain begins, or for `patience_s` seconds, in which models may come and go."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._drained.wait(), patience_s)
