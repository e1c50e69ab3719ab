"""An endpoint with a shadow: what its plan asks for, what it can do without, who may see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import chain
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from tests.unit.dataplane.by_hand import SCHEMA, Doubling

from hythe.base.errors import Corrupt, Invalid, NotFound
from hythe.bundle.schema import Column, Schema
from hythe.dataplane.ask import Ask
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.loop import LoopScheduler
from hythe.dataplane.observe import Observer
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, VersionSpec
from hythe.dataplane.ticket import Prediction
from hythe.rollout.plan import Arm, Plan, Shadow
from hythe.runtime.batch import RowReader
from hythe.runtime.counters import Counters

ONE, TWO = "1.0.0", "2.0.0"
ALONE = Plan((Arm(ONE, "sha256:a"),))
SHADOWED = Plan((Arm(ONE, "sha256:a"),), shadows=(Shadow(TWO, "sha256:b", share=1.0),))
PATIENCE_S = 120.0


class Loading(Doubling):
    """A session that cannot be loaded while it is `broken`."""

    loaded = 0

    async def start(self) -> None:
        self.loaded += 1
        self.ready = not self.broken
        if self.broken:
            raise Corrupt("the graph is damaged; pack the version again")


def spec(plan: Plan, revision: int = 1, shadow: Schema = SCHEMA) -> EndpointSpec:
    schemas = {ONE: SCHEMA, TWO: shadow}
    versions = tuple(VersionSpec(n, f"sha256:{n}", schemas[n], OnnxFiles("", "")) for n in plan.digests)
    return EndpointSpec("double", plan, versions, revision=revision)


class House:
    """A data plane with one endpoint; `sessions` are made when versions come."""

    def __init__(self, counters: Counters, plan: Plan, *, broken: bool = False) -> None:
        self.counters = counters
        self.sessions: dict[str, Loading] = {}

        def open_session(version: VersionSpec, _reader: RowReader) -> Loading:
            fails = broken and version.version == TWO
            return self.sessions.setdefault(version.version, Loading(broken=fails))

        def make(given: EndpointSpec) -> Endpoint:
            return Endpoint(given, open_session, Observer(given.name, counters), LoopScheduler())

        self.plane = DataPlane([spec(plan)], make)

    async def ask(self, x: float, version: str | None = None) -> Prediction:
        async def read(rows: RowReader) -> Any:
            return rows.convert_all([{"x": x}])

        return await self.plane.predict("double", read, Ask(version=version))

    def copies(self, outcome: str) -> float:
        return sum(
            values[0]
            for (name, labels), values in self.counters.read().items()
            if name == "hythe_shadow_total" and dict(labels)["outcome"] == outcome
        )

    async def until(self, outcome: str, copies: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.copies(outcome) != copies:
            assert time.monotonic() < deadline, (outcome, self.copies(outcome))
            await asyncio.sleep(0)


@pytest_asyncio.fixture
async def house(counters: Counters) -> AsyncIterator[House]:
    found = House(counters, SHADOWED)
    await found.plane.start()
    for session in found.sessions.values():
        session.runs.clear()
    yield found
    await found.plane.close()


async def test_the_shadow_is_asked_for_each_copy_and_the_caller_hears_the_champion(house: House) -> None:
    for x in (1.0, 2.0, 3.0):
        said = await house.ask(x)
        assert (said.version.spec.version, said.answers["value"].tolist()) == (ONE, [2 * x])
    await house.until("answered", 3)
    assert sorted(chain.from_iterable(house.sessions[TWO].runs)) == [1.0, 2.0, 3.0]


async def test_nobody_can_ask_for_a_version_that_is_only_a_shadow(house: House) -> None:
    with pytest.raises(NotFound, match=r"does not serve version '2\.0\.0'; versions: 1\.0\.0"):
        await house.ask(1.0, TWO)


async def test_a_shadow_that_becomes_an_arm_is_not_loaded_again(house: House) -> None:
    arms = (Arm(ONE, "sha256:a", 1), Arm(TWO, "sha256:b", 1))
    await house.plane.apply([spec(Plan(arms), revision=2)])
    assert house.sessions[TWO].loaded == 1
    assert (await house.ask(1.0, TWO)).version.spec.version == TWO


async def test_without_the_shadow_nothing_is_copied_any_more(house: House) -> None:
    await house.plane.apply([spec(ALONE, revision=2)])
    await house.ask(1.0)
    await asyncio.sleep(0)
    live = house.plane.endpoints["double"].versions[ONE]
    assert (live.shadows, house.copies("answered"), house.sessions[TWO].runs) == (None, 0, [])


async def test_an_endpoint_starts_without_a_shadow_that_cannot_be_loaded(counters: Counters) -> None:
    house = House(counters, SHADOWED, broken=True)
    await house.plane.start()
    assert house.plane.ready
    assert (await house.ask(4.0)).answers["value"].tolist() == [8.0]
    await house.until("failed", 1)
    await house.plane.close()


async def test_one_that_could_not_be_loaded_is_loaded_anew_before_it_answers_callers(
    counters: Counters,
) -> None:
    house = House(counters, SHADOWED, broken=True)
    await house.plane.start()
    arms = (Arm(ONE, "sha256:a", 1), Arm(TWO, "sha256:b", 1))
    with pytest.raises(Corrupt):
        await house.plane.apply([spec(Plan(arms), revision=2)])
    assert house.plane.endpoints["double"].plan == SHADOWED
    house.sessions[TWO].broken = False
    await house.plane.apply([spec(Plan(arms), revision=3)])
    assert (await house.ask(1.0, TWO)).version.spec.version == TWO
    await house.plane.close()


def test_a_shadow_that_does_not_read_what_an_arm_reads_is_refused_with_the_difference() -> None:
    other = Schema((Column("x", "float64", nullable=True, minimum=0),), SCHEMA.outputs)
    with pytest.raises(
        Invalid, match=r"shadow 2\.0\.0 .* 1\.0\.0 reads: 'x' was .* and is now a number and at least 0"
    ):
        spec(SHADOWED, shadow=other)
    wider = Schema(SCHEMA.inputs, ())
    assert msgspec.structs.replace(spec(SHADOWED, shadow=wider), revision=9).revision == 9
