"""Whether people have said meanwhile that a candidate must not take traffic."""

from __future__ import annotations

from hythe.base.errors import Denied, NotFound
from hythe.operations.endpoints.checks import check_review, version_of
from hythe.registry.reader import Reader
from hythe.rollout.state import Rollout


def veto(reader: Reader, rollout: Rollout) -> str:
    """Say why a rollout must go back whatever its evidence; "" where nothing speaks against it."""
    model = rollout.before.model or rollout.endpoint
    try:
        candidate = version_of(reader, model, rollout.candidate.version)
        check_review(rollout.endpoint, [candidate], approval=rollout.before.approval)
    except (Denied, NotFound) as err:
        return str(err)
    return ""
