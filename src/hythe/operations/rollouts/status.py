"""Where an endpoint's rollout stands, with everything that people want to see of it."""

from __future__ import annotations

import msgspec

from hythe.base.errors import NotFound
from hythe.operations.rollouts.pairing import share_of
from hythe.operations.rollouts.stored import latest, plan_in, rollout_in, stage_text
from hythe.operations.rollouts.watched import controller_at_work
from hythe.registry.catalog import Catalog
from hythe.registry.records import LogEntry
from hythe.rollout.plan import Plan
from hythe.rollout.state import Rollout


class RolloutStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout, and what stands on its endpoint now.

    `stage` names the present one, `share` is the candidate's of the traffic. `plan` is the one that stands,
    of `revision`. `turn` counts how often the rollout was written. `controller` is the process that moves
    rollouts, "" for none: then nothing moves by itself. `moves` are the change log's entries of the rollout,
    the oldest first: from where to where, who, when, why, and on what evidence.
    """

    rollout: Rollout
    stage: str
    share: float
    plan: Plan
    revision: int
    turn: int
    controller: str
    moves: tuple[LogEntry, ...]


def status(catalog: Catalog, endpoint: str) -> RolloutStatus:
    """Say where the rollout of an endpoint stands, or the last one did that it was in.

    Raises:
        Corrupt: when the rollout or the plan cannot be read.
        NotFound: when there is no such endpoint, or it never was in a rollout.

    """
    with catalog.snapshot() as seen:
        standing = seen.plan(endpoint)
        record = latest(seen, endpoint)
        if record is None:
            raise NotFound(
                f"endpoint '{endpoint}' was never in a rollout; begin one with: "
                f"hythe rollout start {endpoint} MODEL:VERSION"
            )
        entries = seen.history(f"endpoint/{endpoint}")
    rollout = rollout_in(record)
    moves = (entry for entry in entries if entry.action == "rollout" and entry.after["id"] == record.id)
    return RolloutStatus(
        rollout=rollout,
        stage=stage_text(rollout),
        share=_share(rollout),
        plan=plan_in(standing),
        revision=standing.revision,
        turn=record.turn,
        controller=controller_at_work(catalog),
        moves=tuple(moves),
    )


def _share(rollout: Rollout) -> float:
    if rollout.ended:
        return 1.0 if rollout.status == "promoted" else 0.0
    return share_of(rollout)
