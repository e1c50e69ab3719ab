"""From a document to a plan: digests filled in, everything checked, and what it changes said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from hythe.base.errors import Conflict, HytheError
from hythe.dataplane.constant import constant_answers
from hythe.operations.endpoints.checks import (
    check_alone,
    check_callers,
    check_model,
    check_review,
    check_sticky,
    schema_of,
    version_of,
)
from hythe.operations.endpoints.document import ArmLine, PlanDocument, ShadowLine, document_of
from hythe.registry.reader import Reader
from hythe.registry.records import PlanRecord, VersionRecord
from hythe.registry.refs import check_name
from hythe.registry.registry import Registry
from hythe.rollout.plan import Arm, Plan, Shadow
from hythe.rollout.sticky import Sticky

_LONE = 100.0


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan that may be put in the place of `before`, and a line for each thing that it changes."""

    plan: Plan
    before: PlanRecord | None
    changes: tuple[str, ...]


def draft(
    registry: Registry,
    reader: Reader,
    endpoint: str,
    document: PlanDocument,
    *,
    allow_schema_change: bool = False,
) -> Draft:
    """Check a plan whole, as `reader` sees the catalog, and make it; nothing is written.

    Raises:
        Conflict: when a rollout is under way, a version breaks callers, or a digest is another version's.
        Denied: when a version may not take traffic.
        Invalid: when the plan contradicts itself or its versions' schemas.
        NotFound: when there is no such model or version.

    """
    check_name(endpoint)
    if document.endpoint not in {"", endpoint}:
        raise Conflict(f"the plan is of endpoint {document.endpoint!r}, not of {endpoint!r}; name one")
    before = next((plan for plan in reader.plans() if plan.endpoint == endpoint), None)
    check_alone(reader, endpoint)
    model = document.model or endpoint
    check_model(reader, model)
    named = _named(reader, model, document)
    plan = _plan(endpoint, document, named)
    _check(registry, endpoint, plan, named)
    if not allow_schema_change:
        callers = _callers(reader, endpoint, before) or named[_first(plan)]
        check_callers(registry, endpoint, callers, named.values())
    return Draft(plan, before, _changes(endpoint, before, plan))


def standing(before: PlanRecord | None) -> Plan | None:
    """Read a plan that stands; None where there is none, or it cannot be read."""
    try:
        return None if before is None else msgspec.convert(before.document, Plan)
    except (msgspec.ValidationError, HytheError):
        return None


def _named(reader: Reader, model: str, document: PlanDocument) -> dict[str, VersionRecord]:
    lines: list[ArmLine | ShadowLine] = [*document.arms, *document.shadows]
    numbers = [*(line.version for line in lines), *document.fallback]
    found = {number: version_of(reader, model, number) for number in numbers}
    for line in lines:
        known = found[line.version]
        if line.digest not in {"", known.digest}:
            raise Conflict(
                f"the plan says that {known.ref} is {line.digest}, but it is {known.digest}; leave the "
                "digest out, or name the version that is meant"
            )
    return found


def _plan(endpoint: str, document: PlanDocument, named: dict[str, VersionRecord]) -> Plan:
    return Plan(
        arms=tuple(
            Arm(arm.version, named[arm.version].digest, _LONE if arm.weight is None else arm.weight)
            for arm in document.arms
        ),
        fallback=document.fallback,
        cache=document.cache,
        constant=document.constant,
        limits=document.limits,
        model="" if document.model in {"", endpoint} else document.model,
        sticky=document.sticky,
        shadows=tuple(
            Shadow(line.version, named[line.version].digest, line.share, line.margin)
            for line in document.shadows
        ),
        join_share=document.join_share,
        approval=document.approval,
        format=document.format,
    )


def _check(registry: Registry, endpoint: str, plan: Plan, named: dict[str, VersionRecord]) -> None:
    arms = [named[arm.version] for arm in plan.arms]
    answering = [named[arm.version] for arm in plan.arms if arm.weight]
    answering += [named[number] for number in plan.fallback]
    check_review(endpoint, answering, approval=plan.approval)
    check_sticky(registry, Sticky.parse(plan.sticky), arms)
    if plan.constant is not None:
        for record in (*arms, *answering):
            constant_answers(schema_of(registry, record).outputs, plan.constant, 1)


def _callers(reader: Reader, endpoint: str, before: PlanRecord | None) -> VersionRecord | None:
    """Give the version by whose schema an endpoint is called now."""
    plan = standing(before)
    return None if plan is None else version_of(reader, plan.model or endpoint, _first(plan))


def _first(plan: Plan) -> str:
    return next(arm.version for arm in plan.arms if arm.weight)


def _changes(endpoint: str, before: PlanRecord | None, plan: Plan) -> tuple[str, ...]:
    old, new = standing(before), _fields(endpoint, plan)
    if before is None or old is None:
        what = "a new endpoint" if before is None else "a plan in the place of one that cannot be read"
        return (what, *(f"{name}: {value}" for name, value in new.items()))
    was = _fields(endpoint, old)
    return tuple(
        f"{name}: {was.get(name, 'none')} -> {new.get(name, 'none')}"
        for name in dict.fromkeys((*was, *new))
        if was.get(name) != new.get(name)
    )


def _fields(endpoint: str, plan: Plan) -> dict[str, str]:
    """Write each thing that a plan says as a word of its own."""
    document = document_of(endpoint, plan)
    rest: dict[str, Any] = msgspec.to_builtins(document)
    fields = {f"arm {arm.version}": f"{arm.weight:g}%" for arm in document.arms}
    for shadow in document.shadows:
        fields[f"shadow {shadow.version}"] = f"{100 * shadow.share:g}%, margin {shadow.margin:g}"
    for name in ("endpoint", "arms", "shadows", "format"):
        rest.pop(name, None)
    return fields | {name: _word(value) for name, value in rest.items()}


def _word(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
