"""A catalog in memory, a clock that stands, and what delivers its alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.unit.operations.alerts.scene import Scene

from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.testing.fake_clock import FakeClock
from hythe.testing.receiver import Receiver, receiver


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 1, 5, tzinfo=UTC))


@pytest.fixture
def catalog(clock: FakeClock) -> Iterator[Catalog]:
    made = Catalog(Database("sqlite://"), clock)
    yield made
    made.close()


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def scene(catalog: Catalog, clock: FakeClock) -> Iterator[Scene]:
    made = Scene(catalog, clock)
    yield made
    made.deliverer.close()
