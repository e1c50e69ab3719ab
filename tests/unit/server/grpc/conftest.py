"""Servers for tests: open to anybody, for one key only, and one that writes down what is inside it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.unit.server.grpc.served import Served, serve

from hythe.dataplane.gate import Gate
from hythe.runtime import fingerprints, limiter
from hythe.security.keys import KeyEntry, NewKey, new_key


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async for found in serve(tmp_path):
        yield found


@pytest.fixture
def key() -> NewKey:
    return new_key()


@pytest_asyncio.fixture
async def guarded(tmp_path: Path, key: NewKey) -> AsyncIterator[Served]:
    """A server for one key, which is for `churn` and three calls."""
    memory = limiter.create(columns=1)
    gate = Gate(limiter.Limiter(memory, 0))
    gate.update([KeyEntry(digest=key.digest, id=key.id, endpoints=("churn",), quota=3, place=0)])
    async for found in serve(tmp_path, gate):
        yield found
    os.close(memory)


@pytest.fixture
def crashes() -> Any:
    return fingerprints.create(places=2)


@pytest_asyncio.fixture
async def watched(tmp_path: Path, crashes: int) -> AsyncIterator[Served]:
    """A server that writes down what is inside it."""
    async for found in serve(tmp_path, memory=crashes):
        yield found
    os.close(crashes)
