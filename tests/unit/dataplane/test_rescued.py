"""A failure that a fallback makes good counts against the version that failed, and in no other contrast."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.unit.dataplane.two_arms import ONE, TWO, TwoArms

from hythe.base.errors import Unavailable
from hythe.monitor.records.call import RESCUED
from hythe.monitor.windows.window import Window, coarsen
from hythe.rollout.plan import CacheOptions
from hythe.rollout.sticky import key_hash
from hythe.runtime.counters import Counters


@pytest_asyncio.fixture
async def house(counters: Counters) -> AsyncIterator[TwoArms]:
    found = TwoArms(counters)
    found.arms = found.arms[:1]
    await found.plane.start()
    yield found
    await found.plane.close()


def told(windows: list[Window]) -> dict[tuple[str, float | None], tuple[int, dict[str, int]]]:
    """Give by version and share the rescued requests and the requests by outcome."""
    assert {window.revision for window in windows} == {4}
    return {(w.version, w.share): (w.rescued, dict(w.requests)) for w in coarsen(windows, 3600)}


async def test_another_versions_answer_was_not_drawn(house: TwoArms) -> None:
    await house.follow(4, fallback=(TWO,))
    house.sessions[ONE].broken = True
    assert (await house.ask({"x": 1.0})).degraded
    assert told(house.windows()) == {(ONE, 1.0): (1, {}), (TWO, 0.0): (0, {"answered": 1})}


async def test_a_constant_was_not_drawn(house: TwoArms) -> None:
    await house.follow(4, constant={"value": -1.0})
    house.sessions[ONE].broken = True
    assert (await house.ask({"x": 1.0})).degraded
    assert told(house.windows()) == {(ONE, 1.0): (1, {}), (ONE, 0.0): (0, {"answered": 1})}


async def test_an_answer_that_is_still_stored_was_not_drawn(house: TwoArms) -> None:
    await house.follow(4, cache=CacheOptions(ttl_s=1e-9, stale_s=60))
    await house.ask({"x": 1.0})
    house.sessions[ONE].broken = True
    assert (await house.ask({"x": 1.0})).degraded
    assert told(house.windows()) == {
        (ONE, 1.0): (1, {"answered": 1}), (ONE, 0.0): (0, {"answered": 1}),
    }  # fmt: skip


async def test_a_failure_that_nothing_makes_good_is_no_rescue(house: TwoArms) -> None:
    await house.follow(4)
    house.sessions[ONE].broken = True
    with pytest.raises(Unavailable):
        await house.ask({"x": 1.0})
    assert told(house.windows()) == {(ONE, 1.0): (0, {"failed:unavailable": 1})}


async def test_when_the_fallback_fails_as_well_each_has_its_failure(house: TwoArms) -> None:
    await house.follow(4, fallback=(TWO,))
    for session in house.sessions.values():
        session.broken = True
    with pytest.raises(Unavailable):
        await house.ask({"x": 1.0})
    assert told(house.windows()) == {(ONE, 1.0): (1, {}), (TWO, 0.0): (0, {"failed:unavailable": 1})}


async def test_the_failed_call_keeps_key_reason_and_id(house: TwoArms, counters: Counters) -> None:
    await house.follow(4, fallback=(TWO,), sticky="feature:user")
    house.sessions[ONE].broken = True
    answered = await house.ask({"x": 1.0, "user": "ana"})
    [gone] = [call for version, call in house.calls() if version == ONE]
    assert (gone.id, gone.key, gone.flags) == (answered.id, key_hash("ana"), RESCUED)
    assert (gone.outcome, gone.reason, gone.rows) == ("failed", "unavailable", 0)
    labels = (("endpoint", "double"), ("version", ONE))
    assert counters.read()["hythe_rescued_total", labels][0] == 1.0
