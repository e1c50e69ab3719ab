"""From refs to endpoints: each version replayed first, and a plan put down for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import msgspec

from hythe.base.errors import HytheError
from hythe.base.progress import Progress
from hythe.dataplane.spec import EndpointSpec
from hythe.operations.placing import Placing
from hythe.operations.prepare import prepare, remove_unpacked
from hythe.operations.prepared import Prepared
from hythe.operations.serve_plan import Wanted, only, takes_traffic, wanted
from hythe.registry.registry import Registry

_Make: TypeAlias = Callable[[str, str], Prepared]
"""Prepares the version that a ref names, which must have a digest unless that is empty."""


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

    Everything else of an endpoint stays as its plan before said, unless `changes` has other fields for all.
    An endpoint in a rollout, or named by itself, is served as its plan stands (see `serve_plan.wanted`).
    The goldens of every version that takes traffic are replayed before any plan is put down; others that do
    not hold are left out, and the server's steward tries them again. Files that had to be unpacked, then or
    later for this process, are removed when the block ends.

    Raises:
        Conflict: when an endpoint is of another model's versions, or its plan changed meanwhile.
        Corrupt: when a version does not answer as it did when packed; the plans stay as they were.
        Denied: when a version may not take traffic.
        NotFound, Unsupported, Untrusted: when one cannot be loaded.

    """
    make = partial(_prepared, registry, variant, placing, progress)
    try:
        plans = [wanted(registry.catalog, ref, changes) for ref in refs]
        made = [endpoint_of(plan, make) for plan in plans]
        specs = [_put(registry, spec, plan, actor) for (spec, _), plan in zip(made, plans, strict=True)]
        notices = [
            *(note for plan in plans for note in plan.notices),
            *(note for _, own in made for note in own),
        ]
        yield Served(specs, notices)
    finally:
        remove_unpacked(registry.home, os.getpid())


def _prepared(
    registry: Registry,
    variant: str | None,
    placing: Placing | None,
    progress: Progress | None,
    ref: str,
    digest: str,
) -> Prepared:
    return prepare(registry, ref, variant, digest=digest, placing=placing, progress=progress)


def endpoint_of(plan: Wanted, make: _Make) -> tuple[EndpointSpec, list[str]]:
    """Prepare every version that a plan names, and give what serves it, with what there is to know.

    One that takes no traffic of its own is left out when it cannot be prepared: nobody has to wait for it.
    """
    found, notices = {}, []
    for number, digest in plan.plan.digests.items():
        try:
            found[number] = made = make(f"{plan.model}:{number}", digest)
        except HytheError as err:
            if takes_traffic(plan.plan, number):
                raise
            notices.append(f"version {number} of endpoint {plan.endpoint!r} is left out: {err}")
        else:
            notices += made.notices
    versions = tuple(item.version for item in found.values())
    example = next(iter(found.values())).example
    return EndpointSpec(plan.endpoint, only(plan.plan, found), versions, example, plan.revision), notices


def _put(registry: Registry, spec: EndpointSpec, plan: Wanted, actor: str) -> EndpointSpec:
    """Put a plan down where it is another than the one that stands; raises Conflict when that changed."""
    if plan.stands:
        return spec
    with registry.catalog.edit(actor=actor, why=f"serve {plan.ref}") as tx:
        revision = tx.put_plan(spec.name, msgspec.to_builtins(plan.plan), expected_revision=plan.revision)
    return msgspec.structs.replace(spec, revision=revision)
