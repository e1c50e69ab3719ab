"""A data plane that serves the tiny model."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from hythe.dataplane.plane import DataPlane
from hythe.runtime.counters import Counters, create
from hythe.testing.plane import make_plane
from hythe.testing.tiny import tiny_endpoint


@pytest_asyncio.fixture
async def plane(tmp_path: Path) -> AsyncIterator[DataPlane]:
    descriptor = create(slots=1)
    plane = make_plane(tiny_endpoint(tmp_path), counters=Counters(descriptor, 0))
    await plane.start()
    yield plane
    await plane.close()
    os.close(descriptor)
