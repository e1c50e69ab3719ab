"""Begin a rollout: everything is checked first, then plan and rollout are put in one step."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from hythe.base.clock import Clock, SystemClock, rfc3339
from hythe.base.errors import Invalid
from hythe.base.ids import uuid7
from hythe.operations.endpoints.checks import (
    check_alone,
    check_callers,
    check_review,
    check_sticky,
    schema_of,
    version_of,
)
from hythe.operations.find import find
from hythe.operations.rollouts.bases import champion_of, fixed
from hythe.operations.rollouts.counted import newest
from hythe.operations.rollouts.metrics import check_guards
from hythe.operations.rollouts.stored import plan_in, put
from hythe.registry.records import PlanRecord, VersionRecord
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan
from hythe.rollout.policy import Policy
from hythe.rollout.stages import plan_of, stages
from hythe.rollout.state import Rollout, Side
from hythe.rollout.sticky import Sticky


class Started(NamedTuple):
    """A rollout as it begins, the plan of its first stage, and what people should know."""

    rollout: Rollout
    plan: Plan
    notices: list[str]


def start(  # noqa: PLR0913 - the words of one long sentence, each by its name
    registry: Registry,
    endpoint: str,
    ref: str,
    policy: Policy | None = None,
    *,
    actor: str,
    why: str = "",
    allow_schema_change: bool = False,
    dry_run: bool = False,
    clock: Clock | None = None,
) -> Started:
    """Begin to move an endpoint to the version that `ref` names; with `dry_run`, only say how.

    Servers of this machine hear of it at once; a controller moves it on. Nothing changes when it raises.

    Raises:
        Conflict: when the endpoint is in a rollout already, its plan changed meanwhile, or the candidate's
            schema breaks its callers and that is not allowed.
        Denied: when the candidate was rejected, or is not approved where the endpoint asks for that.
        Invalid: when the versions are the same, of two models, or lack the sticky key; when the endpoint
            splits its traffic already; when a guard is on what the model does not give.
        NotFound: when there is no such endpoint or version.
        Unsupported, Untrusted: when the candidate cannot be served here.

    """
    catalog = registry.catalog
    standing = catalog.plan(endpoint)
    champion, candidate = _checked(registry, standing, ref, allow_schema_change=allow_schema_change)
    policy = policy or Policy()
    rollout = Rollout(
        id=str(uuid7()),
        endpoint=endpoint,
        champion=Side(champion.version, champion.digest),
        candidate=Side(candidate.version, candidate.digest),
        policy=policy,
        before=plan_in(standing),
        stages=stages(policy),
        reason=why or f"begun with {candidate.ref}",
        started_at=rfc3339((clock or SystemClock()).now()),
        started_by=actor,
    )
    check_guards(policy, schema_of(registry, champion), schema_of(registry, candidate))
    counted = newest(catalog.observations, endpoint, standing.revision)
    rollout = replace(rollout, bases=fixed(rollout, champion_of(rollout, counted), standing.revision + 1))
    plan = plan_of(rollout)
    if not dry_run:
        with catalog.edit(actor=actor, why=why) as tx:
            check_review(endpoint, [tx.resolve(candidate.ref)], approval=plan.approval)
            rollout = put(tx, rollout, 0, plan, standing.revision)
    return Started(rollout, plan, [candidate.notice] if candidate.notice else [])


def _checked(
    registry: Registry, standing: PlanRecord, ref: str, *, allow_schema_change: bool
) -> tuple[VersionRecord, VersionRecord]:
    """Check the two versions, and that nothing else moves the endpoint."""
    catalog, endpoint, plan = registry.catalog, standing.endpoint, plan_in(standing)
    check_alone(catalog, endpoint)
    candidate = registry.resolve(ref)
    model = plan.model or endpoint
    if candidate.name != model:
        raise Invalid(
            f"endpoint '{endpoint}' serves versions of '{model}', and {candidate.ref} is none; "
            f"pack it as a version of '{model}', or make an endpoint of its own"
        )
    champion = version_of(catalog, model, _serving(plan))
    check_review(endpoint, [candidate], approval=plan.approval)
    if not allow_schema_change:
        check_callers(registry, endpoint, champion, [candidate])
    check_sticky(registry, Sticky.parse(plan.sticky), [champion, candidate])
    find(registry, candidate.ref)
    return champion, candidate


def _serving(plan: Plan) -> str:
    """Name the version with the most traffic; a rollout itself refuses to begin where there are several."""
    return max(plan.arms, key=lambda arm: arm.weight).version
