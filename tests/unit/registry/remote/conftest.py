"""A registry in memory, and clients to it that never really wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hythe.registry.registry import Registry
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.credentials import Credentials
from hythe.registry.remote.reference import parse_remote
from hythe.testing.fake_clock import FakeClock
from hythe.testing.memory_registry import MemoryRegistry

PLACE = "oci://registry.example.com/models/churn"
Connect = Callable[..., RegistryClient]


@pytest.fixture
def server() -> MemoryRegistry:
    return MemoryRegistry()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def connect(server: MemoryRegistry, waits: list[float]) -> Iterator[Connect]:
    opened: list[RegistryClient] = []

    def connected(
        place: str = PLACE, credentials: Credentials | None = None, plain_http: bool = False
    ) -> RegistryClient:
        client = RegistryClient(
            parse_remote(place), credentials, clock=FakeClock(), sleep=waits.append,
            transport=server.transport, plain_http=plain_http,
        )  # fmt: skip
        opened.append(client)
        return client

    yield connected
    for client in opened:
        client.close()


@pytest.fixture
def registries(tmp_path: Path) -> Iterator[Callable[[str], Registry]]:
    opened: dict[str, Registry] = {}

    def registry(name: str) -> Registry:
        return opened.setdefault(name, Registry.open(tmp_path / name, clock=FakeClock()))

    yield registry
    for item in opened.values():
        item.close()
