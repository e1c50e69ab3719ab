"""Where a rollout stands, with the worst of what its shadow answered otherwise."""

from __future__ import annotations

import msgspec

from hythe.operations.differences import WorstRow, worst
from hythe.operations.rollouts.status import RolloutStatus, status
from hythe.registry.catalog import Catalog


class RolloutView(RolloutStatus, frozen=True, kw_only=True):
    """A rollout, what stands on its endpoint now, and the shadow's worst `differences`, the worst first."""

    differences: tuple[WorstRow, ...] = ()


def view(catalog: Catalog, endpoint: str) -> RolloutView:
    """Say where the rollout of an endpoint stands, or the last one did that it was in.

    Raises:
        Corrupt: when the rollout or the plan cannot be read.
        NotFound: when there is no such endpoint, or it never was in a rollout.

    """
    found = status(catalog, endpoint)
    rollout = found.rollout
    rows = worst(catalog, endpoint, rollout.candidate.version, revisions=rollout.revisions)
    return RolloutView(**msgspec.structs.asdict(found), differences=tuple(rows))
