"""Which bundle a version number stood for when windows were counted, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from hythe.base.errors import HytheError
from hythe.bundle.baseline import Baseline
from hythe.bundle.bundle import Bundle
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.bundle.schema import Schema
from hythe.registry.reader import Reader
from hythe.registry.refs import Ref
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan

_KEPT = 16


@dataclass(frozen=True, slots=True)
class Reference:
    """What a version's windows are compared with."""

    digest: str
    schema: Schema
    baseline: Baseline


class References:
    """The baselines and schemas of a registry's bundles, the last few kept."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._read: Callable[[str], Reference | None] = lru_cache(maxsize=_KEPT)(self._found)

    def of(self, digest: str) -> tuple[Reference | None, str]:
        """Give a bundle's baseline and schema, or None and a sentence on why there is none."""
        if not digest:
            return None, "nobody knows any more which model answered by this number; nothing is compared"
        try:
            found = self._read(digest)
        except HytheError as err:
            return None, f"its bundle cannot be read here, so values are compared with nothing: {err}"
        if found is None:
            return None, "it was packed without a baseline, so values are compared with nothing"
        return found, ""

    def _found(self, digest: str) -> Reference | None:
        bundle = Bundle.open(self._registry.blobs, digest)
        manifest = Manifest.decode(bundle.read(MANIFEST))
        if not manifest.baseline:
            return None
        return Reference(digest, manifest.schema, Baseline.decode(bundle.read(manifest.baseline)))


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans that an endpoint has had, by revision, as far as they can be read; `revision` stands now.

    It is 0 where the endpoint has none.
    """

    endpoint: str
    revision: int
    by_revision: Mapping[int, Plan]

    @classmethod
    def of(cls, reader: Reader, endpoint: str) -> Plans:
        """Read them from the change log."""
        standing = next((plan.revision for plan in reader.plans() if plan.endpoint == endpoint), 0)
        put = [entry for entry in reader.history(f"endpoint/{endpoint}") if entry.action == "put plan"]
        found = {number: _plan(entry.after) for number, entry in enumerate(put, start=1)}
        return cls(endpoint, standing, {number: plan for number, plan in found.items() if plan is not None})

    @property
    def shares(self) -> dict[str, float]:
        """The share of the traffic that each version is to get now."""
        plan = self.by_revision.get(self.revision)
        if plan is None:
            return {}
        total = sum(arm.weight for arm in plan.arms)
        return {arm.version: arm.weight / total for arm in plan.arms if arm.weight}

    def digest(self, reader: Reader, version: str, revision: int | None) -> str:
        """Give the bundle that answered as `version` under a revision; "" where nobody knows any more.

        Where the plan does not say, as of a fallback or of a server without a plan, it is the version that
        the model has by that number now.
        """
        standing = self.by_revision.get(self.revision)
        plan = self.by_revision.get(revision, standing) if revision else standing
        said = plan.digests.get(version, "") if plan else ""
        if said:
            return said
        model = (plan.model if plan else "") or self.endpoint
        try:
            return reader.resolve(Ref(model, version=version)).digest
        except HytheError:
            return ""


def _plan(document: Any) -> Plan | None:
    try:
        return msgspec.convert(document, Plan)
    except (msgspec.ValidationError, HytheError):
        return None
