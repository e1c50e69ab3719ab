"""A rollout of 1.1.0 on an endpoint that 1.0.0 serves."""

from collections.abc import Callable
from typing import Any

import pytest

from hythe.rollout.plan import Arm, Plan
from hythe.rollout.policy import Policy
from hythe.rollout.stages import stages
from hythe.rollout.state import Rollout, Side

CHAMPION = Side("1.0.0", "sha256:0a")
CANDIDATE = Side("1.1.0", "sha256:0b")


@pytest.fixture(scope="session")
def roll() -> Callable[..., Rollout]:
    """Make a rollout by a policy; what else is given are fields of it, or of the policy."""

    def make(policy: Policy | None = None, **fields: Any) -> Rollout:
        chosen = policy or Policy()
        given: dict[str, Any] = {
            "id": "rollout-1",
            "endpoint": "scoring",
            "champion": CHAMPION,
            "candidate": CANDIDATE,
            "policy": chosen,
            "before": Plan(arms=(Arm("1.0.0", "sha256:0a"),)),
            "stages": stages(chosen),
        }
        return Rollout(**given | fields)

    return make
