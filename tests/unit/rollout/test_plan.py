"""A plan checks itself."""

from typing import Any

import msgspec
import pytest

from hythe.base.errors import Invalid
from hythe.rollout.limits import PlanLimits
from hythe.rollout.plan import Arm, CacheOptions, Plan


def test_a_plan_without_arms_is_refused() -> None:
    with pytest.raises(Invalid, match="no arm"):
        Plan(arms=())


def test_a_version_has_one_arm() -> None:
    with pytest.raises(Invalid, match=r"version 1\.0\.0 has two arms"):
        Plan(arms=(Arm("1.0.0", "sha256:0a"), Arm("1.0.0", "sha256:0b")))


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_is_a_share(weight: float) -> None:
    with pytest.raises(Invalid, match="weight"):
        Arm("1.0.0", "sha256:0a", weight)


def test_some_arm_has_weight() -> None:
    with pytest.raises(Invalid, match="every arm has weight 0"):
        Plan(arms=(Arm("1.0.0", "sha256:0a", 0),))


@pytest.mark.parametrize(
    ("limit", "value"),
    [("rows", 0), ("body_bytes", -1), ("queue_rows", 0), ("timeout_s", 0.0), ("objective_ms", float("nan"))],
)
def test_limits_leave_room_for_something(limit: str, value: Any) -> None:
    with pytest.raises(Invalid, match=f"the plan's limit {limit} is {value}"):
        PlanLimits(**{limit: value})


def test_a_plan_comes_back_from_json_as_it_was() -> None:
    arms = (Arm("1.0.0", "sha256:0a", 9), Arm("1.1.0", "sha256:0b", 1))
    plan = Plan(arms=arms, limits=PlanLimits(rows=10, timeout_s=0.5))
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_a_wrong_plan_in_json_is_refused_too() -> None:
    with pytest.raises(Invalid, match="no arm"):
        msgspec.json.decode(b'{"arms": []}', type=Plan)


def test_what_is_kept_and_the_constant_come_back_from_json() -> None:
    plan = Plan(
        arms=(Arm("1.0.0", "sha256:0a"),),
        cache=CacheOptions(ttl_s=60),
        constant={"label": "no", "score": 0.5},
    )
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan
    assert msgspec.convert(msgspec.to_builtins(plan), Plan) == plan
    assert msgspec.to_builtins(Plan.of("1.0.0", "sha256:0a")).keys() == {"arms"}


@pytest.mark.parametrize(
    "fields",
    [{"ttl_s": 0}, {"ttl_s": float("inf")}, {"stale_s": -1}, {"stale_s": float("nan")}, {"max_bytes": 0}],
    ids=range(5),
)
def test_options_of_a_cache_check_themselves(fields: dict[str, float]) -> None:
    (name,) = fields
    with pytest.raises(Invalid, match=name):
        CacheOptions(**{"ttl_s": 60, **fields})  # type: ignore[arg-type]  # one of them is wrong on purpose
