"""From refs to endpoints: each version replayed first, and a plan put down for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from hythe.base.progress import Progress
from hythe.dataplane.spec import EndpointSpec
from hythe.operations.placing import Placing
from hythe.operations.prepare import Prepared, prepare, remove_unpacked
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
) -> Iterator[Served]:
    """Make an endpoint named after each ref's model, with a plan of one arm, and give what serves them.

    Every version's goldens are replayed before any plan is put down. Files that had to be unpacked, then or
    later for this process, are removed when the block ends.

    Raises:
        Corrupt: when a version does not answer as it did when packed; the plans stay as they were.
        NotFound, Unsupported, Untrusted: when one cannot be loaded.

    """
    try:
        prepared = [prepare(registry, ref, variant, placing=placing, progress=progress) for ref in refs]
        found = [_endpoint(item) for item in prepared]
        for spec, ref in zip(found, refs, strict=True):
            _store(registry, spec.name, spec.plan, actor, f"serve {ref}")
        yield Served(found, [notice for item in prepared for notice in item.notices])
    finally:
        remove_unpacked(registry.home, os.getpid())


def _endpoint(prepared: Prepared) -> EndpointSpec:
    version = prepared.version
    plan = Plan.of(version.version, version.digest)
    return EndpointSpec(prepared.name, plan, (version,), example=prepared.example)


def _store(registry: Registry, name: str, plan: Plan, actor: str, why: str) -> None:
    """Write the plan down; the same again changes nothing."""
    document = msgspec.to_builtins(plan)
    standing = next((item for item in registry.catalog.plans() if item.endpoint == name), None)
    if standing is None or standing.document != document:
        with registry.catalog.edit(actor=actor, why=why) as tx:
            tx.put_plan(name, document)
