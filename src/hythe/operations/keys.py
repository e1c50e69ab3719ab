"""API keys: make, list, end, and what serving processes need of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

from hythe.base.clock import Clock, SystemClock, rfc3339
from hythe.base.errors import Invalid
from hythe.registry.catalog import Catalog
from hythe.registry.records import KeyRecord
from hythe.registry.refs import check_name
from hythe.security.keys import KeyEntry, Permit, new_key

State: TypeAlias = Literal["live", "expired", "revoked"]
_LONGEST_NAME = 128


class CreatedKey(msgspec.Struct, frozen=True):
    """A key just made. `key` is its text, which is told here and never again."""

    key: str
    record: KeyRecord
    notices: tuple[str, ...] = ()


class ListedKey(msgspec.Struct, frozen=True):
    """A key as it stands, and how much of its quota is used in the period under way."""

    state: State
    used: int
    record: KeyRecord


def create_key(
    catalog: Catalog,
    name: str,
    permit: Permit,
    *,
    expires: timedelta | None = None,
    actor: str,
    clock: Clock | None = None,
) -> CreatedKey:
    """Make a key that stands for the time `expires`, or for ever.

    Raises:
        Invalid: when the name is too long, an endpoint has no such name, or the time is over already.

    """
    if len(name) > _LONGEST_NAME:
        raise Invalid(f"the name has {len(name)} characters; use {_LONGEST_NAME} at most")
    for endpoint in permit.endpoints or ():
        check_name(endpoint)
    key = new_key()
    with catalog.edit(actor=actor) as tx:
        record = tx.add_key(key, name, permit, _end(expires, clock or SystemClock()))
        served = {plan.endpoint for plan in tx.plans()}
    notices = tuple(
        f"no endpoint {endpoint!r} is served yet"
        for endpoint in permit.endpoints or ()
        if endpoint not in served
    )
    return CreatedKey(key.text, record, notices)


def revoke_key(catalog: Catalog, key_id: str, *, actor: str) -> KeyRecord:
    """End a key now; running servers hear of it within 2 s.

    Raises:
        NotFound: when there is no such key.

    """
    with catalog.edit(actor=actor) as tx:
        return tx.revoke_key(key_id)


def listed_keys(catalog: Catalog, clock: Clock | None = None) -> list[ListedKey]:
    """List all keys, the oldest first."""
    now = (clock or SystemClock()).now()
    with catalog.snapshot() as seen:
        records, used = seen.all_keys(), seen.key_usage()
    return [
        ListedKey(_state(record, now), used.get((record.id, _period(record.permit, now)), 0), record)
        for record in records
    ]


def key_entries(catalog: Catalog, clock: Clock | None = None) -> tuple[KeyEntry, ...]:
    """Give the keys that stand now, as serving processes need them."""
    now = (clock or SystemClock()).now()
    return tuple(_entry(record) for record in catalog.all_keys() if _state(record, now) == "live")


def _end(expires: timedelta | None, clock: Clock) -> str:
    if expires is None:
        return ""
    if expires <= timedelta():
        raise Invalid(f"the key would expire after {expires}; give more than 0")
    return rfc3339(clock.now() + expires)


def _state(record: KeyRecord, now: datetime) -> State:
    if record.revoked_at:
        return "revoked"
    return "expired" if record.expires_at and datetime.fromisoformat(record.expires_at) <= now else "live"


def _entry(record: KeyRecord) -> KeyEntry:
    end = datetime.fromisoformat(record.expires_at).timestamp() if record.expires_at else None
    permit = msgspec.structs.asdict(record.permit)
    return KeyEntry(
        **permit, digest=record.digest, id=record.id, place=record.place, name=record.name, expires_at=end
    )


def _period(permit: Permit, now: datetime) -> int:
    return int(now.timestamp() // permit.quota_period_s)
