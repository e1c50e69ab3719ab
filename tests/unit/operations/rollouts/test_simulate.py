"""Simulated rollouts take what is not said from the endpoint's windows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from hythe.base.errors import Invalid, NotFound
from hythe.monitor.windows.timing import timings
from hythe.monitor.windows.window import Window
from hythe.operations.rollouts.simulate import Assumed, Simulation, assumed_of, simulate
from hythe.operations.windows import stored
from hythe.registry.registry import Registry
from hythe.registry.windows import Delivery
from hythe.rollout.guard import Guard
from hythe.rollout.plan import Plan
from hythe.rollout.policy import Policy
from hythe.testing.fake_clock import FakeClock
from hythe.testing.versions import add_version

CLOCK = FakeClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
NOW = int(CLOCK.now().timestamp())
POLICY = Policy(strategy="canary", guards=(Guard("error_rate"),))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    made = Registry.open(tmp_path / "home")
    records = [add_version(made, number) for number in ("1.0.0", "1.1.0")]
    plan = msgspec.structs.replace(Plan.of("1.0.0", records[0].digest), model="churn")
    with made.catalog.edit(actor="ana") as tx:
        tx.put_plan("scoring", msgspec.to_builtins(plan), 0)
    yield made
    made.close()


def play(registry: Registry, policy: Policy = POLICY, **assumed: Any) -> Simulation:
    return simulate(
        registry,
        "scoring",
        "churn:1.1.0",
        policy,
        assumed_of(assumed),
        runs=5,
        clock=CLOCK,
    )


def observe(registry: Registry, **fields: Any) -> None:
    window = Window(
        "scoring", "1.0.0", NOW - 100, requests={"answered": 9_900, "failed:internal": 60}, **fields
    )
    later = Window("scoring", "1.0.0", NOW - 50, rescued=40)
    asked_for = Window("scoring", "1.0.0", NOW - 50, share=0.0, requests={"failed:internal": 5000})
    found = tuple(stored(item) for item in (window, later, asked_for))
    registry.catalog.observations.store(Delivery("server", 1, NOW, {}, found))


def test_traffic_and_the_champions_figures_are_those_of_its_windows(registry: Registry) -> None:
    observe(registry, request_s=timings(np.repeat([0.004, 0.050], [9_800, 100])))
    found = play(registry, candidate={"error_rate": 0.2})
    assert found.observed == 10_000
    assert found.truth.requests_per_s == 100.0
    assert found.truth.champion.means["error_rate"] == 0.01
    assert max(found.truth.champion.durations) == pytest.approx(9_800 / 9_900)
    assert found.such is not None
    assert found.such.rolled_back.share == 1.0


def test_what_is_said_counts_in_place_of_what_was_observed(registry: Registry) -> None:
    observe(registry)
    found = play(registry, champion={"error_rate": 0.0}, requests_per_s=500.0, p50_s=0.002)
    assert found.truth.requests_per_s == 500.0
    assert found.truth.champion.means["error_rate"] == 0.0
    assert found.such is None
    assert found.equal.promoted.share >= 0.8


def test_without_windows_the_traffic_has_to_be_said(registry: Registry) -> None:
    with pytest.raises(Invalid, match=r"nothing was observed of scoring 1\.0\.0 lately.*--requests-per-s"):
        play(registry)


def test_a_metric_of_which_nothing_is_known_has_to_be_said(registry: Registry) -> None:
    policy = Policy(strategy="canary", guards=(Guard("value:revenue", range=(0.0, 9.0)),))
    with pytest.raises(Invalid, match="say it with --base value:revenue=NUMBER"):
        play(registry, policy, requests_per_s=10.0)


def test_what_is_not_there_is_not_found(registry: Registry) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        simulate(
            registry,
            "nowhere",
            "churn:1.1.0",
            POLICY,
            Assumed(),
        )


def test_nothing_is_changed(registry: Registry) -> None:
    before = (registry.catalog.plan("scoring"), registry.catalog.rollouts("scoring"))
    play(registry, requests_per_s=100.0, slower=1.2)
    assert (registry.catalog.plan("scoring"), registry.catalog.rollouts("scoring")) == before


def test_what_is_assumed_has_no_unknown_fields(registry: Registry) -> None:
    with pytest.raises(Invalid, match="slowness"):
        play(registry, slowness=2.0)
    with pytest.raises(Invalid, match="what is assumed does not fit"):
        play(registry, slower="much")
