"""All doors on a small proven model, spoken to without a network."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from hythe.dataplane.admit import Limits
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.plane import DataPlane
from hythe.runtime.counters import Counters, create
from hythe.server.http.app import App
from hythe.server.http.doors import make_app
from hythe.testing.tiny import tiny_endpoint


@dataclass
class Scope:
    method: str
    path: str
    headers: dict[str, str]
    proto: str = "http"


class Proto:
    """What Granian hands to an application, for one request."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def __call__(self) -> bytes:
        return b"".join(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, dict(headers), body

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Caller:
    """Calls an application as Granian does."""

    app: App

    async def __call__(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        raw: Sequence[bytes] | None = None,
        chunked: bool = False,
        **headers: str,
    ) -> Proto:
        pieces = raw if raw is not None else [] if document is None else [json.dumps(document).encode()]
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if not chunked:
            given["content-length"] = str(sum(map(len, pieces)))
        proto = Proto(pieces)
        await self.app.__rsgi__(Scope(method, path, given), proto)
        return proto


@pytest_asyncio.fixture
async def call(tmp_path: Path) -> AsyncIterator[Caller]:
    descriptor = create(slots=1)
    counters = Counters(descriptor, 0)
    limits = Limits(body_bytes=2000, rows=20)
    plane = DataPlane([Endpoint(tiny_endpoint(tmp_path))], counters, limits)
    await plane.start()
    yield Caller(make_app(plane, counters))
    await plane.close()
    os.close(descriptor)


@pytest.fixture
def row() -> dict[str, Any]:
    return {"tenure": 4, "total charges": 20.5, "contract": "monthly"}
