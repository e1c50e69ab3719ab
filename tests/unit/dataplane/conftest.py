"""Counters of a process, and a data plane that serves the tiny model."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from hythe.dataplane.plane import DataPlane
from hythe.runtime.counters import Counters, create
from hythe.testing.plane import make_plane
from hythe.testing.tiny import tiny_endpoint


@pytest.fixture
def counters() -> Iterator[Counters]:
    descriptor = create(slots=1)
    yield Counters(descriptor, 0)
    os.close(descriptor)


@pytest_asyncio.fixture
async def plane(tmp_path: Path, counters: Counters) -> AsyncIterator[DataPlane]:
    plane = make_plane(tiny_endpoint(tmp_path), counters=counters)
    await plane.start()
    yield plane
    await plane.close()
