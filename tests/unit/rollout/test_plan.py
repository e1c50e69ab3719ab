"""A plan checks itself."""

import msgspec
import pytest

from hythe.base.errors import Invalid
from hythe.rollout.plan import Arm, Plan


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


def test_a_plan_comes_back_from_json_as_it_was() -> None:
    plan = Plan(arms=(Arm("1.0.0", "sha256:0a", 9), Arm("1.1.0", "sha256:0b", 1)))
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_a_wrong_plan_in_json_is_refused_too() -> None:
    with pytest.raises(Invalid, match="no arm"):
        msgspec.json.decode(b'{"arms": []}', type=Plan)
