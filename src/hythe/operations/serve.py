"""From refs to endpoints: each version replayed first, and a plan put down for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from hythe.base.errors import HytheError
from hythe.base.progress import Progress
from hythe.dataplane.spec import EndpointSpec
from hythe.operations.placing import Placing
from hythe.operations.prepare import prepare, remove_unpacked
from hythe.operations.prepared import Prepared
from hythe.registry.records import PlanRecord
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan


class Served(NamedTuple):
    """What is to be served, and what people should know of it."""

    endpoints: list[EndpointSpec]
    notices: list[str]


@contextmanager
def endpoints(
    registry: Registry,
    refs: Sequence[str],
    variant: str | None = None,
    *,
    actor: str,
    placing: Placing | None = None,
    progress: Progress | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Iterator[Served]:
    """Make an endpoint named after each ref's model, with a plan of one arm, and give what serves them.

    Limits and cache of an endpoint stay as its plan before said, unless `changes` has other fields for all.
    Every version's goldens are replayed before any plan is put down. Files that had to be unpacked, then or
    later for this process, are removed when the block ends.

    Raises:
        Corrupt: when a version does not answer as it did when packed; the plans stay as they were.
        NotFound, Unsupported, Untrusted: when one cannot be loaded.

    """
    try:
        prepared = [prepare(registry, ref, variant, placing=placing, progress=progress) for ref in refs]
        standing = {item.endpoint: _Standing.of(item) for item in registry.catalog.plans()}
        found = [_endpoint(item, standing.get(item.name, _NONE), changes or {}) for item in prepared]
        for place, (spec, ref) in enumerate(zip(found, refs, strict=True)):
            if standing.get(spec.name, _NONE).plan != spec.plan:
                with registry.catalog.edit(actor=actor, why=f"serve {ref}") as tx:
                    revision = tx.put_plan(spec.name, msgspec.to_builtins(spec.plan))
                found[place] = msgspec.structs.replace(spec, revision=revision)
        yield Served(found, [notice for item in prepared for notice in item.notices])
    finally:
        remove_unpacked(registry.home, os.getpid())


class _Standing(NamedTuple):
    """The plan that stands in the catalog; None where there is none, or a wrong one, which keeps nothing."""

    plan: Plan | None = None
    revision: int = 0

    @classmethod
    def of(cls, record: PlanRecord) -> _Standing:
        """Read a stored plan."""
        try:
            return cls(msgspec.convert(record.document, Plan), record.revision)
        except (msgspec.ValidationError, HytheError):
            return cls(None, record.revision)


_NONE = _Standing()


def _endpoint(prepared: Prepared, standing: _Standing, changes: Mapping[str, Any]) -> EndpointSpec:
    """Send everything to the version."""
    version = prepared.version
    plan = Plan.of(version.version, version.digest)
    if standing.plan is not None:
        plan = msgspec.structs.replace(plan, cache=standing.plan.cache, limits=standing.plan.limits)
    plan = msgspec.structs.replace(plan, **changes)
    return EndpointSpec(
        prepared.name, plan, (version,), example=prepared.example, revision=standing.revision
    )
