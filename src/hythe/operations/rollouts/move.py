"""What people do to a rollout under way: promote, pause, resume, abort. Each is one step, or nothing.

All is read inside the edit that changes it, so that a controller at work is no conflict.
"""

from __future__ import annotations

from msgspec.structs import replace

from hythe.base.clock import Clock, SystemClock, rfc3339
from hythe.base.errors import Conflict, NotFound
from hythe.operations.endpoints.checks import check_review, version_of
from hythe.operations.rollouts.stored import put, rollout_in
from hythe.registry.catalog import Catalog
from hythe.registry.reader import Reader
from hythe.registry.records import PlanRecord
from hythe.registry.rollouts import RolloutRecord
from hythe.rollout.stages import plan_after
from hythe.rollout.state import Rollout, Status


def promote(
    catalog: Catalog, endpoint: str, *, actor: str, why: str = "", clock: Clock | None = None
) -> Rollout:
    """Give all traffic to the candidate now, whatever the evidence says; give the rollout as it ended.

    Raises:
        Conflict: when somebody put another plan meanwhile.
        Denied: when the candidate may not take traffic.
        NotFound: when the endpoint is in no rollout.

    """
    with catalog.edit(actor=actor, why=why) as tx:
        record, rollout, plan = under_way(tx, endpoint)
        model = rollout.before.model or endpoint
        candidate = version_of(tx, model, rollout.candidate.version)
        check_review(endpoint, [candidate], approval=rollout.before.approval)
        _check_own(rollout, plan)
        ended = end(rollout, "promoted", f"promoted by {actor}", why, clock)
        return put(tx, ended, record.turn, plan_after(ended, "promoted"), plan.revision)


def abort(
    catalog: Catalog, endpoint: str, *, actor: str, why: str = "", clock: Clock | None = None
) -> Rollout:
    """End a rollout, and put the plan back that stood before; a plan that somebody else put meanwhile stays.

    Raises:
        NotFound: when the endpoint is in no rollout.

    """
    with catalog.edit(actor=actor, why=why) as tx:
        record, rollout, plan = under_way(tx, endpoint)
        ended = end(rollout, "aborted", f"aborted by {actor}", why, clock)
        back = plan_after(ended, "aborted") if owns(rollout, plan) else None
        return put(tx, ended, record.turn, back, plan.revision)


def pause(catalog: Catalog, endpoint: str, *, actor: str, why: str = "") -> Rollout:
    """Leave the traffic as it is until `resume`; a paused rollout still goes back on evidence.

    Raises:
        NotFound: when the endpoint is in no rollout.

    """
    return _turned(catalog, endpoint, "paused", f"paused by {actor}", actor, why)


def resume(catalog: Catalog, endpoint: str, *, actor: str, why: str = "") -> Rollout:
    """Let a paused rollout go on.

    Raises:
        NotFound: when the endpoint is in no rollout.

    """
    return _turned(catalog, endpoint, "running", f"resumed by {actor}", actor, why)


def under_way(reader: Reader, endpoint: str) -> tuple[RolloutRecord, Rollout, PlanRecord]:
    """Find the rollout that moves an endpoint, and the endpoint's plan; raises NotFound."""
    plan = reader.plan(endpoint)
    for record in reader.rollouts(endpoint, running=True):
        return record, rollout_in(record), plan
    raise NotFound(
        f"endpoint '{endpoint}' is in no rollout; begin one with: "
        f"hythe rollout start {endpoint} MODEL:VERSION"
    )


def owns(rollout: Rollout, plan: PlanRecord) -> bool:
    """Tell whether the plan that stands is the one that the rollout put last."""
    return plan.revision == (rollout.revisions[-1] if rollout.revisions else 0)


def end(rollout: Rollout, status: Status, reason: str, why: str = "", clock: Clock | None = None) -> Rollout:
    """Give the state of a rollout that ends now."""
    at = rfc3339((clock or SystemClock()).now())
    return replace(rollout, status=status, reason=f"{reason}: {why}" if why else reason, ended_at=at)


def _turned(catalog: Catalog, endpoint: str, status: Status, reason: str, actor: str, why: str) -> Rollout:
    with catalog.edit(actor=actor, why=why) as tx:
        record, rollout, plan = under_way(tx, endpoint)
        if rollout.status == status:
            return rollout
        _check_own(rollout, plan)
        turned = replace(rollout, status=status, reason=f"{reason}: {why}" if why else reason)
        return put(tx, turned, record.turn, None, plan.revision)


def _check_own(rollout: Rollout, plan: PlanRecord) -> None:
    if not owns(rollout, plan):
        raise Conflict(
            f"{plan.by} put another plan on endpoint '{rollout.endpoint}', so rollout {rollout.id} is about "
            f"to end; end it now with: hythe rollout abort {rollout.endpoint}"
        )
