"""Whether a document names a version, which then must stay."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from hythe.registry.records import PlanRecord, VersionRecord


def serves(plan: PlanRecord, version: VersionRecord) -> bool:
    """Tell whether a plan names a version: an arm or a shadow by its digest, a fallback by its number."""
    if mentions(plan.document, {version.ref, version.digest}):
        return True
    named = plan.document if isinstance(plan.document, Mapping) else {}
    model = named.get("model") or plan.endpoint
    return model == version.name and version.version in named.get("fallback", ())


def mentions(document: Any, names: Collection[str]) -> bool:
    """Tell whether one of the names is a text anywhere in a JSON document.

    >>> mentions({"arms": [{"digest": "sha256:0a"}]}, {"sha256:0a"})
    True
    """
    if isinstance(document, str):
        return document in names
    if isinstance(document, Mapping):
        return any(mentions(item, names) for item in document.values())
    return isinstance(document, list) and any(mentions(item, names) for item in document)
