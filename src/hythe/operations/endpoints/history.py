"""What an endpoint served when, who moved it, and on what evidence: read from the change log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hythe.base.errors import NotFound
from hythe.operations.fields import tables
from hythe.registry.catalog import Catalog
from hythe.registry.reader import Reader
from hythe.registry.records import LogEntry

_PLANS = frozenset({"put plan", "remove plan"})


class Share(msgspec.Struct, frozen=True):
    """A version and its share of the traffic, from 0 to 1."""

    version: str
    share: float


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One change: from `at` until `until` ("" for now; RFC 3339) the endpoint served `arms`.

    `revision` is the plan's, 0 where the endpoint was removed. `rollout` is the id of the rollout that moved,
    "" for a person's own change, `status` where it stood then, and `evidence` what its log entry keeps.
    """

    at: str
    until: str
    by: str
    why: str
    revision: int
    arms: tuple[Share, ...]
    shadows: tuple[Share, ...]
    rollout: str = ""
    status: str = ""
    evidence: dict[str, Any] = {}


def history(catalog: Catalog, endpoint: str) -> list[Moved]:
    """List what an endpoint served, the oldest first.

    Raises:
        NotFound: when there never was such an endpoint, naming those that are.

    """
    entries = catalog.history(f"endpoint/{endpoint}")
    if not entries:
        shown = ", ".join(plan.endpoint for plan in catalog.plans()) or "none yet"
        raise NotFound(f"there never was an endpoint {endpoint!r}; known endpoints: {shown}")
    return _timed(_moves(entries))


def has_history(reader: Reader, endpoint: str) -> bool:
    """Tell whether there ever was such an endpoint."""
    return bool(reader.history(f"endpoint/{endpoint}"))


def _moves(entries: Iterable[LogEntry]) -> list[Moved]:
    """Read the log; a plan and the rollout that put it, written in one edit, are one change."""
    found: list[Moved] = []
    last: list[LogEntry] = []
    revision = 0
    for entry in entries:
        revision += entry.action == "put plan"
        if _belongs(entry, last):
            found[-1], last = _merged(found[-1], entry, revision), [*last, entry]
        else:
            found.append(_merged(_begun(entry, found), entry, revision))
            last = [entry]
    return found


def _belongs(entry: LogEntry, last: list[LogEntry]) -> bool:
    if len(last) != 1:
        return False
    before = last[0]
    together = (before.seq + 1, before.at, before.actor, before.why) == (
        entry.seq, entry.at, entry.actor, entry.why,
    )  # fmt: skip
    return together and (before.action in _PLANS) != (entry.action in _PLANS)


def _begun(entry: LogEntry, found: list[Moved]) -> Moved:
    """Begin a change with what stood before it."""
    before = found[-1] if found else None
    return Moved(
        at=entry.at,
        until="",
        by=entry.actor,
        why=entry.why,
        revision=before.revision if before else 0,
        arms=before.arms if before else (),
        shadows=before.shadows if before else (),
    )


def _merged(move: Moved, entry: LogEntry, revision: int) -> Moved:
    if entry.action == "remove plan":
        return msgspec.structs.replace(move, revision=0, arms=(), shadows=())
    if entry.action == "put plan":
        arms, shadows = _shares(entry.after)
        return msgspec.structs.replace(move, revision=revision, arms=arms, shadows=shadows)
    said = dict(entry.after or {})
    rollout, status = str(said.pop("id", "")), str(said.pop("status", ""))
    return msgspec.structs.replace(move, rollout=rollout, status=status, evidence=said)


def _shares(document: Any) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """Read the versions of any plan that was ever put, also of one that this Hythe does not follow."""
    if not isinstance(document, dict):
        return (), ()
    arms = [arm for arm in tables(document, "arms") if arm.get("weight", 1.0)]
    total = sum(arm.get("weight", 1.0) for arm in arms)
    return (
        tuple(Share(str(arm.get("version", "?")), arm.get("weight", 1.0) / total) for arm in arms),
        tuple(
            Share(str(shadow.get("version", "?")), shadow.get("share", 0.1))
            for shadow in tables(document, "shadows")
        ),
    )


def _timed(moves: list[Moved]) -> list[Moved]:
    """Say of each change when the next one came."""
    ends = [*(move.at for move in moves[1:]), ""]
    return [msgspec.structs.replace(move, until=end) for move, end in zip(moves, ends, strict=True)]
