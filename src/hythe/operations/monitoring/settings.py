"""How an endpoint is monitored: looked up, and put, checked whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from hythe.base.errors import Invalid, NotFound
from hythe.monitor.alerts.defaults import RULES
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.service.limits import QUANTILES
from hythe.operations.fields import nearest
from hythe.operations.monitoring.policy import policy_in, stored
from hythe.operations.monitoring.versions import Plans, Reference, References
from hythe.operations.whole import whole
from hythe.registry.catalog import Catalog
from hythe.registry.reader import Reader
from hythe.registry.registry import Registry

SERVICE_CHECKS = ("requests", "error_rate", *(f"latency_{name}" for name in QUANTILES))


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The policy of an endpoint, and who put it when (RFC 3339); at revision 0 it is the usual one."""

    endpoint: str
    revision: int
    at: str
    by: str
    policy: MonitorPolicy


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a policy: `changes` has a line for each field that is other, none where all was so.

    `revision` is that of the policy that stands now. `applied` is false where nothing was to change, or all
    was only tried.
    """

    endpoint: str
    revision: int
    applied: bool
    changes: tuple[str, ...]
    policy: MonitorPolicy


def settings(catalog: Catalog, endpoint: str) -> Settings:
    """Look up how an endpoint is monitored.

    Raises:
        Invalid: when what is stored does not fit any more.
        NotFound: when there is no such endpoint, naming those that there are.
        Unsupported: when a newer Hythe wrote it.

    """
    check_known(catalog, endpoint)
    record = catalog.monitor(endpoint)
    return Settings(
        endpoint=endpoint,
        revision=record.revision if record else 0,
        at=record.at if record else "",
        by=record.by if record else "",
        policy=policy_in(record),
    )


def apply(
    registry: Registry,
    endpoint: str,
    policy: MonitorPolicy,
    *,
    actor: str,
    why: str = "",
    expected_revision: int | None = None,
    dry_run: bool = False,
) -> Settled:
    """Put how an endpoint is monitored; the same again changes nothing, a `dry_run` never does.

    Whoever monitors follows it from the next period on.

    Raises:
        Conflict: when it is not at `expected_revision` (0 for none).
        Invalid: when it names a feature, output, check or rule that is not known.
        NotFound: when there is no such endpoint.

    """
    catalog = registry.catalog
    check_known(catalog, endpoint)
    check_names(policy, _references(registry, endpoint))
    record = catalog.monitor(endpoint)
    changes = tuple(_changes(policy_in(record), policy))
    revision = record.revision if record else 0
    applies = not dry_run and (bool(changes) or expected_revision not in {None, revision})
    if applies:
        with catalog.edit(actor=actor, why=why) as tx:
            expected = revision if expected_revision is None else expected_revision
            revision = tx.put_monitor(endpoint, stored(policy), expected)
    return Settled(endpoint=endpoint, revision=revision, applied=applies, changes=changes, policy=policy)


def check_known(reader: Catalog, endpoint: str) -> None:
    """Refuse a name that no endpoint has or had; raises NotFound naming those that there are."""
    known = known_endpoints(reader)
    if endpoint not in known:
        shown = ", ".join(known) or "none yet"
        raise NotFound(
            f"there is no endpoint {endpoint!r}; {nearest(endpoint, known)}endpoints: {shown}; "
            "make one with: hythe endpoint create NAME REF"
        )


def known_endpoints(catalog: Catalog) -> list[str]:
    """List the endpoints that have a plan, or were observed."""
    return sorted({plan.endpoint for plan in catalog.plans()} | {*catalog.observations.endpoints()})


def check_names(policy: MonitorPolicy, references: Collection[Reference]) -> None:
    """Refuse names that mean nothing; those of values only where a version's baseline can be read.

    Raises:
        Invalid: naming the nearest that is known.

    """
    rules = [rule.name for rule in policy.rules or RULES]
    for trigger in policy.retrain:
        _refuse(trigger.on, rules, "retrain waits for the rule", "rules")
    features = {name for each in references for name in each.baseline.features}
    outputs = {name for each in references for name in each.baseline.outputs}
    if not references:
        return
    for segment in policy.segments:
        _refuse(segment, features, "segments names", "features")
    subjects = {f"feature:{name}" for name in features} | {f"output:{name}" for name in outputs}
    for ignored in policy.ignore:
        _refuse(ignored, {*features, *outputs, *subjects, *_checks()}, "ignore names", "names")


def _refuse(name: str, known: Iterable[str], subject: str, kind: str) -> None:
    names = sorted(known)
    if name not in names:
        raise Invalid(
            f"{subject} {name!r}, which is not known; {nearest(name, names)}{kind}: {', '.join(names)}"
        )


def _checks() -> set[str]:
    from hythe.monitor.checks import declared

    return {check.name for check in declared()} | {*SERVICE_CHECKS}


def _references(registry: Registry, endpoint: str) -> list[Reference]:
    """Give what the versions of the standing plan are compared with, as far as it can be read here."""
    plans, references = Plans.of(registry.catalog, endpoint), References(registry)
    plan = plans.by_revision.get(plans.revision)
    digests = {_digest(registry.catalog, plans, version) for version in (plan.digests if plan else ())}
    return [found for found, _ in map(references.of, sorted(digests)) if found is not None]


def _digest(reader: Reader, plans: Plans, version: str) -> str:
    return plans.digest(reader, version, plans.revision)


def _changes(before: MonitorPolicy, after: MonitorPolicy) -> Iterable[str]:
    """Name each field that is other, with what it was and is."""
    for name in MonitorPolicy.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"{name}: {_short(old)} -> {_short(new)}"


def _short(value: Any) -> str:
    text = msgspec.json.encode(whole(value)).decode()
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - a line of a terminal
