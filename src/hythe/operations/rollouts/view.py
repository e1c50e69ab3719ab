"""Where a rollout stands, with the worst of what its shadow answered otherwise."""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.operations.rollouts.status import RolloutStatus, status
from hythe.registry.catalog import Catalog
from hythe.registry.differences import DifferenceRecord

_MOST = 20


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A row that the shadow answered otherwise: its prediction id, both answers, and its features.

    `kind` is `changed` (another label), `moved` (a score) or `failed`, and `reason` why that was; `size` is
    greater for the worse.
    """

    id: str
    kind: str = ""
    size: float = 0.0
    answer: Any = None
    shadow_answer: Any = None
    features: Any = None
    reason: str = ""


class RolloutView(RolloutStatus, frozen=True, kw_only=True):
    """A rollout, what stands on its endpoint now, and the shadow's worst `differences`, the worst first."""

    differences: tuple[Difference, ...] = ()


def view(catalog: Catalog, endpoint: str) -> RolloutView:
    """Say where the rollout of an endpoint stands, or the last one did that it was in.

    Raises:
        Corrupt: when the rollout or the plan cannot be read.
        NotFound: when there is no such endpoint, or it never was in a rollout.

    """
    found = status(catalog, endpoint)
    rollout = found.rollout
    records = catalog.differences.read(
        endpoint, rollout.candidate.version, revisions=rollout.revisions, most=_MOST
    )
    return RolloutView(**msgspec.structs.asdict(found), differences=tuple(map(_difference, records)))


def _difference(record: DifferenceRecord) -> Difference:
    said: dict[str, Any] = msgspec.json.decode(record.document)
    known = {name: said[name] for name in Difference.__struct_fields__ if name in said}
    return Difference(**{**known, "id": record.id, "size": record.size})
