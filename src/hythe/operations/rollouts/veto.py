"""Whether a candidate must not take traffic, or cannot: by what people said meanwhile, or servers."""

from __future__ import annotations

from hythe.base.errors import Denied, NotFound
from hythe.operations.endpoints.checks import check_review, version_of
from hythe.registry.catalog import Catalog
from hythe.rollout.state import Rollout


def veto(catalog: Catalog, rollout: Rollout) -> str:
    """Say why a rollout must go back whatever its evidence; "" where nothing speaks against it."""
    model = rollout.before.model or rollout.endpoint
    try:
        candidate = version_of(catalog, model, rollout.candidate.version)
        check_review(rollout.endpoint, [candidate], approval=rollout.before.approval)
    except (Denied, NotFound) as err:
        return str(err)
    if not rollout.revisions:
        return ""
    told = catalog.refusals.reason(rollout.endpoint, rollout.revisions[-1])
    return f"a server cannot follow it: {told}" if told else ""
