"""Who answers when a version cannot: another, what is stored, a constant; and what is then marked."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.unit.dataplane.by_hand import SCHEMA, ByHand, Doubling

from hythe.base.errors import Invalid, Unavailable
from hythe.dataplane.ask import Ask
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.fallback import fall_back
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.loop import LoopScheduler
from hythe.dataplane.observe import Observer
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, VersionSpec
from hythe.dataplane.ticket import Prediction
from hythe.rollout.plan import Arm, CacheOptions, Plan
from hythe.runtime.batch import RowReader
from hythe.runtime.counters import Counters

ONE, TWO = "1.0.0", "2.0.0"
ARMS = (Arm(ONE, "sha256:0a"), Arm(TWO, "sha256:0b", 0))
KEPT = CacheOptions(ttl_s=60)


class House:
    """An endpoint of two versions, each of which can be broken."""

    def __init__(self, counters: Counters) -> None:
        self.sessions: dict[str, Doubling] = {}
        self.counters = counters

        def open_session(spec: VersionSpec, _reader: RowReader) -> Doubling:
            return self.sessions.setdefault(spec.version, Doubling())

        def make(spec: EndpointSpec) -> Endpoint:
            return Endpoint(spec, open_session, Observer(spec.name, counters), LoopScheduler())

        self.plane = DataPlane([self.spec(Plan(ARMS))], make)

    def spec(self, plan: Plan) -> EndpointSpec:
        versions = tuple(VersionSpec(n, f"sha256:{n}", SCHEMA, OnnxFiles("", "")) for n in (ONE, TWO))
        return EndpointSpec("double", plan, versions)

    async def follow(self, **fields: Any) -> None:
        await self.plane.apply([self.spec(Plan(ARMS, **fields))])

    async def ask(self, x: float = 1.0, version: str | None = None) -> Prediction:
        async def read(rows: RowReader) -> Any:
            return rows.convert_all([{"x": x}])

        return await self.plane.predict("double", read, Ask(version=version))

    def counted(self, name: str) -> dict[tuple[str, ...], float]:
        return {
            tuple(value for _, value in labels): values[0]
            for (metric, labels), values in self.counters.read().items()
            if metric == name and values[0]
        }


@pytest_asyncio.fixture
async def house(counters: Counters) -> AsyncIterator[House]:
    found = House(counters)
    await found.plane.start()
    for session in found.sessions.values():
        session.runs.clear()
    yield found
    await found.plane.close()


async def told(house: House, x: float = 1.0) -> tuple[float, str, bool, bool]:
    found = await house.ask(x)
    return (found.answers["value"].tolist()[0], found.version.spec.version, found.degraded, found.cached)


async def test_another_version_comes_before_what_is_stored(house: House) -> None:
    await house.follow(fallback=(TWO,), cache=KEPT, constant={"value": -1.0})
    house.sessions[ONE].broken = True
    assert await told(house) == (2.0, TWO, True, False)
    assert await told(house) == (2.0, TWO, True, True), "the other version's own answer was kept"


async def test_an_answer_of_a_fallback_is_not_kept_as_the_failed_versions(house: House) -> None:
    await house.follow(fallback=(TWO,), cache=KEPT)
    house.sessions[ONE].broken = True
    await house.ask()
    house.sessions[ONE].broken = False
    assert await told(house) == (2.0, ONE, False, False)


async def test_what_is_stored_comes_before_the_constant(house: House) -> None:
    await house.follow(cache=CacheOptions(ttl_s=1e-9, stale_s=60), constant={"value": -1.0})
    assert await told(house) == (2.0, ONE, False, False)
    house.sessions[ONE].broken = True
    assert await told(house) == (2.0, ONE, True, True)
    assert await told(house, 7.0) == (-1.0, ONE, True, False)


async def test_the_chosen_versions_stored_answer_is_found_after_the_chain_failed(house: House) -> None:
    await house.follow(fallback=(TWO,), cache=CacheOptions(ttl_s=1e-9, stale_s=60))
    assert await told(house) == (2.0, ONE, False, False)
    house.sessions[ONE].broken = house.sessions[TWO].broken = True
    assert await told(house) == (2.0, ONE, True, True)


async def test_without_any_of_them_a_failure_is_told(house: House) -> None:
    house.sessions[ONE].broken = True
    with pytest.raises(Unavailable):
        await house.ask()


async def test_a_refusal_is_no_failure(house: House) -> None:
    await house.follow(cache=KEPT, constant={"value": -1.0})
    with pytest.raises(Invalid, match="refuses"):
        await house.ask(-1.0)


def test_who_went_away_is_not_answered_any_more(counters: Counters) -> None:
    hand = ByHand(counters, KEPT, inline=False)
    plan = Plan((Arm("1.0.0", "sha256:0a"),), cache=KEPT, constant={"value": -1.0})
    hand.live.fell_back = lambda ticket: fall_back(plan, {ONE: hand.live}, ticket, hand.observer)
    stays, goes = hand.ask(1.0), hand.ask(2.0)
    hand.loop.turn()
    hand.session.broken, goes.cancelled = True, True
    hand.loop.drain()
    assert (stays.values, goes.values) == ([-1.0], None)
    assert isinstance(goes.err, Unavailable)
    assert (stays.times, goes.times) == (1, 1)


async def test_a_constant_is_counted_as_degraded(house: House) -> None:
    await house.follow(constant={"value": -1.0})
    house.sessions[ONE].broken = True
    assert await told(house) == (-1.0, ONE, True, False)
    assert house.counted("hythe_degraded_total") == {("double", ONE): 1}
    assert house.counted("hythe_requests_total") == {("double", ONE, "answered", ""): 1}
    assert house.counted("hythe_in_flight") == {}


async def test_a_constant_that_does_not_fit_is_refused_with_its_plan(house: House) -> None:
    with pytest.raises(Invalid, match="'value'; give float64"):
        house.spec(Plan(ARMS, constant={"value": "none"}))


async def test_a_plan_switches_the_cache_on_and_off_while_it_runs(house: House) -> None:
    assert [(await told(house))[3] for _ in range(2)] == [False, False]
    await house.follow(cache=KEPT)
    assert [(await told(house))[3] for _ in range(2)] == [False, True]
    await house.follow()
    assert [(await told(house))[3] for _ in range(2)] == [False, False]


async def test_each_version_has_answers_of_its_own(house: House) -> None:
    await house.follow(cache=KEPT)
    assert [(await house.ask(version=number)).cached for number in (ONE, TWO, ONE, TWO)] == [
        False, False, True, True,
    ]  # fmt: skip


async def test_a_version_that_comes_back_begins_with_nothing(house: House) -> None:
    await house.follow(cache=KEPT)
    await house.ask()
    only_two = house.spec(Plan((Arm(TWO, "sha256:0b"),), cache=KEPT))
    await house.plane.apply([EndpointSpec("double", only_two.plan, only_two.versions[1:])])
    assert house.counted("hythe_cache_bytes") == {}
    await house.follow(cache=KEPT)
    assert await told(house) == (2.0, ONE, False, False)


async def test_a_fault_that_another_version_made_good_is_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(FAULTS, "_known", {})
    await house.follow(fallback=(TWO,))
    house.sessions[ONE].broken = True
    answered = await house.ask()
    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (answered.degraded, line["hythe.prediction_id"]) == (True, answered.id)
    assert (line["hythe.version"], line["error.code"]) == (ONE, "unavailable")
