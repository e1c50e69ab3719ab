"""All doors on a small proven model, spoken to without a network."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from hythe.dataplane.admit import Limits
from hythe.runtime.counters import Counters, create
from hythe.server.http.app import App
from hythe.server.http.doors import make_app
from hythe.server.http.request import Request
from hythe.testing.plane import make_plane
from hythe.testing.tiny import tiny_endpoint


class Proto:
    """The reply to one request."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.came = asyncio.Event()

    def take(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, dict(headers), body
        self.came.set()

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Caller:
    """Calls an application as the server does."""

    app: App
    limits: Limits

    async def __call__(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        raw: Sequence[bytes] | None = None,
        **headers: str,
    ) -> Proto:
        pieces = raw if raw is not None else [] if document is None else [json.dumps(document).encode()]
        given = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        proto = Proto()
        self.app.handle(Request(method, path, given, b"".join(pieces), self.limits, proto.take))
        async with asyncio.timeout(30):
            await proto.came.wait()
        return proto


@asynccontextmanager
async def calling(folder: Path, limits: Limits) -> AsyncIterator[Caller]:
    descriptor = create(slots=1)
    counters = Counters(descriptor, 0)
    plane = make_plane(tiny_endpoint(folder), counters=counters, limits=limits)
    await plane.start()
    yield Caller(make_app(plane, counters), limits)
    await plane.close()
    os.close(descriptor)


@pytest_asyncio.fixture
async def call(tmp_path: Path) -> AsyncIterator[Caller]:
    async with calling(tmp_path, Limits(body_bytes=2000, rows=20)) as caller:
        yield caller


@pytest_asyncio.fixture
async def call_with_much(tmp_path: Path) -> AsyncIterator[Caller]:
    async with calling(tmp_path, Limits()) as caller:
        yield caller


@pytest.fixture
def row() -> dict[str, Any]:
    return {"tenure": 4, "total charges": 20.5, "contract": "monthly"}
