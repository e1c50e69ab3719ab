"""Make an endpoint: one version behind a name of its own."""

from __future__ import annotations

import msgspec

from hythe.base.errors import Conflict
from hythe.operations.endpoints.apply import Applied, apply
from hythe.operations.endpoints.document import ArmLine, PlanDocument
from hythe.registry.registry import Registry


def create(  # noqa: PLR0913 - the words of one long sentence, each by its name
    registry: Registry,
    endpoint: str,
    ref: str,
    *,
    actor: str,
    why: str = "",
    sticky: str = "",
    approval: bool = False,
    dry_run: bool = False,
) -> Applied:
    """Make an endpoint that sends everything to the version that `ref` names.

    Raises:
        Conflict: when there is such an endpoint already.
        Denied: when the version may not take traffic.
        Invalid: when the name is none, or the version lacks the sticky key.
        NotFound: when there is no such version.

    """
    standing = next((plan for plan in registry.catalog.plans() if plan.endpoint == endpoint), None)
    if standing is not None:
        raise Conflict(
            f"endpoint {endpoint!r} is there already, at revision {standing.revision}; change it by a "
            f"rollout (hythe rollout start {endpoint} {ref}) or a plan (hythe endpoint apply)"
        )
    record = registry.resolve(ref)
    document = PlanDocument(
        model=record.name, arms=(ArmLine(record.version),), sticky=sticky, approval=approval
    )
    why = why or f"create with {record.ref}"
    made = apply(registry, endpoint, document, actor=actor, why=why, expected_revision=0, dry_run=dry_run)
    return msgspec.structs.replace(made, notices=(record.notice,)) if record.notice else made
