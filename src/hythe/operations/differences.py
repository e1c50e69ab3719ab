"""The worst that a shadow answered otherwise, for people to look at."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from hythe.base.clock import DAY_S
from hythe.base.errors import Corrupt
from hythe.monitor.windows.shadows import Disagreement
from hythe.registry.catalog import Catalog
from hythe.registry.differences import MOST, DifferenceRecord

KEPT_DAYS = 30


class WorstRow(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One row that a shadow answered otherwise.

    `kind` is `changed` (another label), `moved` (a score, by more than the margin) or `failed` (`reason` says
    how). `size` orders them: how far the score moved, as a share of its range, and 1 more for another label.
    `id` is the row's prediction id, `at_ns` UTC. Sensitive columns are not among the `features`.
    """

    id: str
    kind: str
    size: float
    revision: int
    at_ns: int
    champion: str
    answer: dict[str, Any]
    shadow_answer: dict[str, Any] | None = None
    features: dict[str, Any] = {}
    reason: str = ""
    left_out: str = ""


def worst(
    catalog: Catalog,
    endpoint: str,
    version: str,
    *,
    revisions: Collection[int] | None = None,
    most: int = MOST,
) -> list[WorstRow]:
    """Give the worst differences of a shadow of an endpoint, under some revisions of its plan or all.

    Raises:
        Corrupt: when a stored one cannot be read.

    """
    found = catalog.differences.read(endpoint, version, revisions=revisions, most=most)
    return [_row(record) for record in found]


def stored_difference(found: Disagreement) -> DifferenceRecord:
    """Make a difference ready for the catalog."""
    return DifferenceRecord(**found._asdict())


def tidy_differences(catalog: Catalog, now_ns: int, days: int = KEPT_DAYS) -> int:
    """Remove differences that are so many days old; give how many."""
    return catalog.differences.forget(now_ns - days * DAY_S * 10**9)


def _row(record: DifferenceRecord) -> WorstRow:
    known = {"id": record.id, "size": record.size, "revision": record.revision, "at_ns": record.at_ns}
    try:
        document = msgspec.json.decode(record.document, type=dict[str, Any])
        return msgspec.convert({**document, **known}, WorstRow)
    except msgspec.MsgspecError as err:
        raise Corrupt(f"the difference of {record.id} cannot be read: {err}; remove it") from err
