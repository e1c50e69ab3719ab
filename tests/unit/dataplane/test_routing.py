"""Which arm answers: the sticky key decides, wherever it is; and what is noted of the draw."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.unit.dataplane.two_arms import ONE, SCHEMA, TWO, TwoArms

from hythe.base.errors import Invalid
from hythe.bundle.schema import Column, Schema
from hythe.dataplane.ask import Ask, Caller
from hythe.rollout.choose import choose
from hythe.rollout.sticky import key_hash
from hythe.runtime.counters import Counters

USERS = [f"user-{i}" for i in range(40)]


@pytest_asyncio.fixture
async def house(counters: Counters) -> AsyncIterator[TwoArms]:
    found = TwoArms(counters)
    await found.plane.start()
    yield found
    await found.plane.close()


def by_header(user: str) -> dict[str, Any]:
    return {"row": {"x": 1.0}, "ask": Ask(headers={b"x-user": user.encode()})}


def by_caller(user: str) -> dict[str, Any]:
    return {"row": {"x": 1.0}, "ask": Ask(caller=Caller(user))}


def by_feature(user: str) -> dict[str, Any]:
    return {"row": {"x": 1.0, "user": user}}


def by_feature_of_a_table(user: str) -> dict[str, Any]:
    return {**by_feature(user), "table": True}


@pytest.mark.parametrize(
    ("sticky", "asking"),
    [
        ("header:X-User", by_header),
        ("caller", by_caller),
        ("feature:user", by_feature),
        ("feature:user", by_feature_of_a_table),
    ],
    ids=["header", "caller", "feature", "feature of a table"],
)
async def test_a_key_stays_with_its_arm(house: TwoArms, sticky: str, asking: Any) -> None:
    await house.follow(7, sticky=sticky)
    answered = {user: (await house.ask(**asking(user))).version.spec.version for user in USERS}
    assert answered == {user: choose(house.arms, key_hash(user)).version for user in USERS}
    assert set(answered.values()) == {ONE, TWO}
    assert [(version, call.key, call.share, call.revision) for version, call in house.calls()] == [
        (answered[user], key_hash(user), 0.75 if answered[user] == ONE else 0.25, 7) for user in USERS
    ]


@pytest.mark.parametrize(
    ("sticky", "asking"),
    [
        ("header:x-user", {"row": {"x": 1.0}, "ask": Ask(headers={b"x-user": b""})}),
        ("header:x-user", {"row": {"x": 1.0}}),
        ("caller", {"row": {"x": 1.0}}),
        ("feature:user", {"row": {"x": 1.0, "user": None}}),
        ("feature:x", {"row": {"x": None, "user": "ana"}, "table": True}),
        ("", by_header("ana")),
    ],
    ids=["empty header", "no header", "anonymous", "null", "missing in a table", "not sticky"],
)
async def test_a_request_without_a_key_is_drawn_by_its_own_id(
    house: TwoArms, sticky: str, asking: dict[str, Any]
) -> None:
    await house.follow(sticky=sticky)
    for _ in range(60):
        await house.ask(**asking)
    calls = house.calls()
    assert {call.key for _, call in calls} == {""}
    assert [version for version, _ in calls] == [choose(house.arms, call.id).version for _, call in calls]
    assert {version for version, _ in calls} == {ONE, TWO}


@pytest.mark.parametrize("sticky", ["header:x-user", "feature:user"])
async def test_a_version_asked_for_by_number_is_left_to_no_chance(house: TwoArms, sticky: str) -> None:
    await house.follow(5, sticky=sticky)
    for number in (ONE, TWO):
        found = await house.ask({"x": 1.0, "user": "ana"}, Ask(number, headers={b"x-user": b"ana"}))
        assert found.version.spec.version == number
    assert [(call.share, call.key, call.revision) for _, call in house.calls()] == [(0.0, "", 5)] * 2


async def test_a_lone_arm_of_a_sticky_plan_notes_the_key(house: TwoArms) -> None:
    await house.follow(2, sticky="header:x-user", arms=house.arms[:1])
    await house.ask(**by_header("ana"))
    [(version, call)] = house.calls()
    assert (version, call.key, call.share, call.revision) == (ONE, key_hash("ana"), 1.0, 2)


async def test_a_lone_arm_that_is_not_sticky_takes_everything(house: TwoArms) -> None:
    await house.follow(3, arms=house.arms[:1])
    await house.ask(**by_header("ana"))
    [(version, call)] = house.calls()
    assert (version, call.key, call.share, call.revision) == (ONE, "", 1.0, 3)


async def test_a_change_of_revision_alone_changes_nothing_else(house: TwoArms) -> None:
    before = house.plane.endpoint("double").versions
    await house.follow(2)
    await house.ask({"x": 1.0})
    [(_, call)] = house.calls()
    assert call.revision == 2
    assert house.plane.endpoint("double").versions == before


async def test_rows_that_cannot_be_read_count_for_the_arm_that_the_id_draws(house: TwoArms) -> None:
    await house.follow(sticky="feature:user")
    for _ in range(60):
        with pytest.raises(Invalid):
            await house.ask({"x": "much", "user": "ana"})
    calls = house.calls()
    assert [version for version, _ in calls] == [choose(house.arms, call.id).version for _, call in calls]
    assert {(call.share, call.key) for _, call in calls} == {(0.75, ""), (0.25, "")}


async def test_an_arm_with_another_schema_reads_the_rows_of_its_keys_itself(counters: Counters) -> None:
    wider = Schema((*SCHEMA.columns, Column("z", "float64", nullable=True)), SCHEMA.outputs)
    house = TwoArms(counters, {TWO: wider})
    await house.plane.start()
    await house.follow(sticky="feature:user")
    for user in USERS:
        await house.ask(**by_feature(user))
    assert not hasattr(house.sessions[ONE].fed[0], "c2")
    assert house.sessions[TWO].fed[0].c2 is None
    await house.plane.close()


async def test_a_sticky_feature_that_an_arm_lacks_is_refused_with_the_columns_there_are(
    counters: Counters,
) -> None:
    house = TwoArms(counters, {TWO: Schema(SCHEMA.columns[:1], SCHEMA.outputs)})
    with pytest.raises(Invalid, match=r"by the feature 'user', which its schema does not have; columns: x"):
        house.spec(sticky="feature:user")
    assert house.spec(sticky="feature:x").plan.sticky == "feature:x"
