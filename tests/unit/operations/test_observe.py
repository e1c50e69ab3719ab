"""What people see of an endpoint's windows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from hythe.base.errors import NotFound
from hythe.monitor.windows.timing import timings
from hythe.monitor.windows.window import Tally, Window
from hythe.operations.observe import SeenShadow, SeenValues, observe
from hythe.operations.windows import stored
from hythe.registry.database import Database
from hythe.registry.windows import Delivery, Observations
from hythe.statistics.powers import power_sums
from hythe.testing.fake_clock import FakeClock

CLOCK = FakeClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
NOW = int(CLOCK.now().timestamp())


@pytest.fixture
def observations() -> Iterator[Observations]:
    database = Database("sqlite://")
    yield Observations(database)
    database.close()


def put(observations: Observations, *found: Window) -> None:
    observations.store(Delivery("server", 1, NOW, {}, tuple(stored(window) for window in found)))


def test_the_windows_of_a_version_are_shown_as_one(observations: Observations) -> None:
    numbers = np.array([1.0, 3.0])
    powers = power_sums(numbers, 0.0, 0)
    put(
        observations,
        Window(
            "churn", "1.0.0", NOW - 50, share=0.9, rows=4, requests={"answered": 3, "failed:busy": 1},
            request_s=timings(np.full(3, 0.0100)), features={"x": Tally((2, 0, 0, 2), powers)},
        ),
        Window("churn", "1.0.0", NOW - 20, share=0.1, rows=1, requests={"answered": 1}),
        Window("churn", "2.0.0", NOW - 20, rows=1, requests={"answered": 1}),
        Window("churn", "1.0.0", NOW - 200, rows=9, requests={"answered": 9}),
    )  # fmt: skip
    seen = observe(observations, "churn", 100, CLOCK)
    assert (seen.since, seen.until) == (NOW - 100, NOW)
    [first, second] = seen.versions
    assert (first.version, second.version) == ("1.0.0", "2.0.0")
    assert first.requests == {"answered": 4, "failed:busy": 1}
    assert (first.rows, first.failed, first.per_second) == (5, 0.2, 0.05)
    assert first.p50_s == pytest.approx(0.01, rel=0.13)
    assert first.features == {"x": SeenValues(4, 0.5, 2.0)}
    assert second.p99_s is None


def test_copies_for_a_shadow_stand_beside_requests(observations: Observations) -> None:
    copies = {"shadow": (10, 2, 4000, 4_000_000, 2000, 2_000_000, 1)}
    put(
        observations,
        Window("churn", "1.0.0", NOW - 20, requests={"answered": 3}),
        Window("churn", "1.1.0", NOW - 20, share=0.0, statistics=copies),
        Window("churn", "1.1.0", NOW - 19, share=0.0, statistics=copies),
    )
    one, other = observe(observations, "churn", 100, CLOCK).versions
    assert one.shadow is None
    assert other.requests == {}
    assert other.shadow == SeenShadow(copies=20, failed=4, changed=0.5, moved=0.25, slower=2)


def test_an_endpoint_that_was_never_observed_is_told_with_those_that_were(observations: Observations) -> None:
    put(observations, Window("churn", "1.0.0", NOW))
    with pytest.raises(NotFound, match="nothing was observed of endpoint 'fraud'; observed: churn"):
        observe(observations, "fraud", 100, CLOCK)


def test_nothing_lately_is_no_version(observations: Observations) -> None:
    put(observations, Window("churn", "1.0.0", NOW - 1000))
    assert observe(observations, "churn", 100, CLOCK).versions == ()
