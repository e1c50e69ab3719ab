"""Every endpoint of the catalog, as its plan stands: what a server serves that is told no names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import msgspec

from hythe.base.errors import HytheError, Invalid
from hythe.base.progress import Progress
from hythe.dataplane.spec import EndpointSpec
from hythe.operations.placing import Placing
from hythe.operations.prepare import prepare, remove_unpacked
from hythe.operations.prepared import Prepared
from hythe.operations.serve import Served, endpoint_of
from hythe.operations.serve_plan import Wanted
from hythe.registry.records import PlanRecord
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan


@contextmanager
def all_endpoints(
    registry: Registry,
    variant: str | None = None,
    *,
    placing: Placing | None = None,
    progress: Progress | None = None,
) -> Iterator[Served]:
    """Give what serves every endpoint that has a plan; no plan is changed.

    An endpoint whose plan cannot be followed, or one of whose versions cannot be loaded, is left out, with a
    notice. Files that had to be unpacked, then or later for this process, are removed when the block ends.

    Raises:
        Unavailable: when the catalog is gone.

    """

    @cache
    def ready(ref: str, digest: str) -> Prepared:
        return prepare(registry, ref, variant, digest=digest, placing=placing, progress=progress)

    specs: list[EndpointSpec] = []
    notices: list[str] = []
    try:
        for record in registry.catalog.plans():
            try:
                spec, known = endpoint_of(standing(record), ready)
            except HytheError as err:
                notices.append(f"endpoint {record.endpoint!r} is not served: {err}")
            else:
                specs.append(spec)
                notices.extend(known)
        yield Served(specs, list(dict.fromkeys(notices)))
    finally:
        remove_unpacked(registry.home, os.getpid())


def standing(record: PlanRecord) -> Wanted:
    """Ask for an endpoint as its plan stands; raises Invalid when the plan cannot be followed."""
    name = record.endpoint
    try:
        plan = msgspec.convert(record.document, Plan)
    except msgspec.ValidationError as err:
        raise Invalid(f"its plan at revision {record.revision} is wrong: {err}; put another") from err
    return Wanted(name, name, plan.model or name, plan, record.revision, stands=True)
