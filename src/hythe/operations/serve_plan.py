"""What a ref asks a server to serve: which endpoint, by which plan, and whether that is a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from hythe.base.errors import Conflict, HytheError
from hythe.operations.endpoints.checks import check_review
from hythe.registry.reader import Reader
from hythe.registry.records import VersionRecord
from hythe.registry.refs import Ref, parse_ref
from hythe.rollout.plan import Arm, Plan


class Wanted(NamedTuple):
    """An endpoint and the plan that it is to follow.

    `plan` names versions of `model`, and takes the place of the one at `revision` (0 for none) unless it
    `stands` there already. `notices` are what people should know.
    """

    ref: str
    endpoint: str
    model: str
    plan: Plan
    revision: int
    stands: bool
    notices: tuple[str, ...] = ()

    @property
    def versions(self) -> list[str]:
        """The refs of all versions that the plan names."""
        return [f"{self.model}:{number}" for number in self.plan.digests]


class _Standing(NamedTuple):
    """A plan in the catalog; None where there is none, or a wrong one, which keeps nothing."""

    plan: Plan | None = None
    revision: int = 0


def wanted(reader: Reader, ref: str, changes: Mapping[str, Any] | None = None) -> Wanted:
    """Find out what `ref` asks for; `changes` are other fields of the plan.

    A version of a model goes to the endpoint with the model's name, and takes all its traffic. A name alone
    may be an endpoint's own that is of another model: that is served as its plan stands. So is an endpoint in
    a rollout, whatever the ref says: nobody but the rollout moves its traffic.

    Raises:
        Conflict: when the endpoint is of another model's versions than the ref.
        Denied: when the version may not take the endpoint's traffic.
        NotFound: when there is no such version.

    """
    named = parse_ref(ref)
    standing = _standing(reader, named.name)
    if standing.plan is not None:
        running = reader.rollouts(named.name, running=True)
        if running:
            note = f"endpoint {named.name!r} is in rollout {running[0].id}; it is served as that says"
            return _as_it_stands(ref, named, standing.plan, standing.revision, {}, note)
        if standing.plan.model not in {"", named.name}:
            if named != Ref(named.name):
                raise Conflict(
                    f"endpoint {named.name!r} is of model {standing.plan.model!r}, not of model "
                    f"{named.name!r}; serve it as it stands with: hythe serve {named.name}"
                )
            return _as_it_stands(ref, named, standing.plan, standing.revision, changes or {})
    record = reader.resolve(named)
    plan = msgspec.structs.replace(_all_to(record, standing.plan), **(changes or {}))
    check_review(named.name, [record], approval=plan.approval)
    return Wanted(
        ref,
        named.name,
        record.name,
        plan,
        standing.revision,
        plan == standing.plan,
        (record.notice,) if record.notice else (),
    )


def _standing(reader: Reader, endpoint: str) -> _Standing:
    for record in reader.plans():
        if record.endpoint == endpoint:
            try:
                return _Standing(msgspec.convert(record.document, Plan), record.revision)
            except (msgspec.ValidationError, HytheError):
                return _Standing(None, record.revision)
    return _Standing()


def _as_it_stands(
    ref: str, named: Ref, plan: Plan, revision: int, changes: Mapping[str, Any], note: str = ""
) -> Wanted:
    changed = msgspec.structs.replace(plan, **changes)
    notices = (note,) if note else ()
    return Wanted(ref, named.name, plan.model or named.name, changed, revision, changed == plan, notices)


def _all_to(record: VersionRecord, standing: Plan | None) -> Plan:
    """Send everything to one version; what else the standing plan says stays."""
    if standing is None:
        return Plan.of(record.version, record.digest)
    taking = [(arm.version, arm.digest) for arm in standing.arms if arm.weight]
    if taking == [(record.version, record.digest)]:
        return standing
    shadows = tuple(shadow for shadow in standing.shadows if shadow.version != record.version)
    arms = (Arm(record.version, record.digest),)
    return msgspec.structs.replace(standing, arms=arms, shadows=shadows, rollout="")
