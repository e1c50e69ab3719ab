"""What a ref asks a server to serve: which endpoint, by which plan, and whether that is a new one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from hythe.base.errors import Conflict, HytheError
from hythe.operations.endpoints.checks import check_review
from hythe.registry.reader import Reader
from hythe.registry.records import VersionRecord
from hythe.registry.refs import Ref, parse_ref
from hythe.rollout.plan import Arm, Plan

_WENT_BACK = {"rolled_back", "aborted"}


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
        """The refs of the versions that take traffic."""
        plan = self.plan
        return [f"{self.model}:{number}" for number in plan.digests if takes_traffic(plan, number)]


class _Standing(NamedTuple):
    """A plan in the catalog; None where there is none, or a wrong one, which keeps nothing."""

    plan: Plan | None = None
    revision: int = 0


def wanted(reader: Reader, ref: str, changes: Mapping[str, Any] | None = None) -> Wanted:
    """Find out what `ref` asks for; `changes` are other fields of the plan.

    A version of a model goes to the endpoint with the model's name, and takes all its traffic. A name alone
    may be an endpoint's own that is of another model: that is served as its plan stands. So is an endpoint in
    a rollout, whatever the ref says: nobody but the rollout moves its traffic. And so is one whose last
    rollout went back from the version that a name alone would mean: a server that starts again must not undo
    that.

    The last two stay as they are to the letter, without `changes`.

    Raises:
        Conflict: when the endpoint is of another model's versions than the ref.
        Denied: when the version may not take the endpoint's traffic.
        NotFound: when there is no such version.

    """
    named, changed = parse_ref(ref), changes or {}
    standing = _standing(reader, named.name)
    if standing.plan is not None:
        note = _unmoved(reader, named, standing.plan)
        if note is not None:
            return _as_it_stands(ref, named, standing.plan, standing.revision, note, changed)
    record = reader.resolve(named)
    plan = msgspec.structs.replace(_all_to(record, standing.plan), **changed)
    check_review(named.name, [record], approval=plan.approval)
    stands, notices = plan == standing.plan, (record.notice,) if record.notice else ()
    return Wanted(ref, named.name, record.name, plan, standing.revision, stands, notices)


def takes_traffic(plan: Plan, number: str) -> bool:
    """Tell whether requests are drawn for a version, or callers see its schema."""
    return number == plan.arms[0].version or any(arm.weight for arm in plan.arms if arm.version == number)


def only(plan: Plan, numbers: Collection[str]) -> Plan:
    """Give the plan without other versions than these.

    >>> only(Plan((Arm("1.0.0", "sha256:0a"),), fallback=("0.9.0",)), {"1.0.0"}).fallback
    ()
    """
    return msgspec.structs.replace(
        plan,
        arms=tuple(arm for arm in plan.arms if arm.version in numbers),
        shadows=tuple(shadow for shadow in plan.shadows if shadow.version in numbers),
        fallback=tuple(number for number in plan.fallback if number in numbers),
    )


def _unmoved(reader: Reader, named: Ref, plan: Plan) -> str | None:
    """Say why an endpoint is served as its plan stands, "" where that is what was asked; None to move it."""
    endpoint, alone = named.name, named == Ref(named.name)
    for rollout in reader.rollouts(endpoint, running=True):
        return f"endpoint {endpoint!r} is in rollout {rollout.id}; it is served as that says"
    if plan.model not in {"", endpoint}:
        if alone:
            return ""
        raise Conflict(
            f"endpoint {endpoint!r} is of model {plan.model!r}, not of model {endpoint!r}; serve it as it "
            f"stands with: hythe serve {endpoint}"
        )
    record = reader.resolve(named)
    if alone and _went_back(reader, endpoint, record):
        return (
            f"{record.ref} was tried on endpoint {endpoint!r} and went back; what served instead is served. "
            f"To serve it all the same: hythe serve {record.ref}"
        )
    return None


def _went_back(reader: Reader, endpoint: str, record: VersionRecord) -> bool:
    """Tell whether the last rollout of an endpoint was of this version, and did not end well for it."""
    last = next(iter(reader.rollouts(endpoint)[::-1]), None)
    if last is None or last.status not in _WENT_BACK:
        return False
    tried: Any = last.document.get("candidate", {})
    return bool(tried.get("digest") == record.digest)


def _standing(reader: Reader, endpoint: str) -> _Standing:
    for record in reader.plans():
        if record.endpoint == endpoint:
            try:
                return _Standing(msgspec.convert(record.document, Plan), record.revision)
            except (msgspec.ValidationError, HytheError):
                return _Standing(None, record.revision)
    return _Standing()


def _as_it_stands(
    ref: str, named: Ref, plan: Plan, revision: int, note: str, changes: Mapping[str, Any]
) -> Wanted:
    changed = plan if note else msgspec.structs.replace(plan, **changes)
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
