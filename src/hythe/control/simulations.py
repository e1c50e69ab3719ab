"""What a policy would do with a candidate, played before anything begins."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from hythe.base.errors import Invalid
from hythe.control.access import Here
from hythe.control.routing import route
from hythe.operations.rollouts.policy import policy_of
from hythe.operations.rollouts.simulate import Simulation, assumed_of, simulate
from hythe.operations.whole import whole

_MOST = 500
"""So many rollouts take some seconds of a processor that the controller may need."""


class NewSimulation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rollouts to play: of which version, by which fields of a policy, and what is taken to be true."""

    ref: str
    policy: dict[str, Any] = {}
    assumed: dict[str, Any] = {}
    runs: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.runs <= _MOST:
            raise Invalid(
                f"runs is {self.runs}; give 1 to {_MOST}, or play more with: hythe rollout simulate"
            )


@route(post, "/endpoints/{endpoint:str}/simulations", "view", status_code=200)
def play(endpoint: FromPath[str], data: JSONBody[NewSimulation], registry: Here) -> Response[Simulation]:
    """Play rollouts of a version that is so much worse, and of one that is as good; nothing is changed."""
    policy, assumed = policy_of(data.policy), assumed_of(data.assumed)
    return Response(
        whole(simulate(registry, endpoint, data.ref, policy, assumed, runs=data.runs, seed=data.seed))
    )


ROUTES = (play,)
