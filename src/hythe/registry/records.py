"""The rows of the catalog as frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from hythe.security.keys import Permit

ApprovalState: TypeAlias = Literal["pending", "approved", "rejected"]


class Approval(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether people stand behind a version; `at` is RFC 3339, empty while pending."""

    state: ApprovalState = "pending"
    by: str = ""
    at: str = ""
    note: str = ""


class VersionRecord(msgspec.Struct, frozen=True):
    """What the catalog knows of a version: its place, its digest, and facts that are no content.

    `facts` is free JSON (timings, chosen variant, …); what other Hythes wrote there comes through unharmed.
    `changed_at` is when approval or facts changed last. `notice` says what a person should know about
    how a ref was resolved; it is not stored.
    """

    name: str
    version: str
    digest: str
    created_at: str
    created_by: str
    changed_at: str
    approval: Approval = Approval()
    facts: Mapping[str, Any] = {}
    aliases: tuple[str, ...] = ()
    notice: str = ""

    @property
    def ref(self) -> str:
        """The version's full name.

        >>> VersionRecord("churn", "1.0.0", "sha256:…", "", "", "").ref
        'churn:1.0.0'
        """
        return f"{self.name}:{self.version}"


class AliasRecord(msgspec.Struct, frozen=True):
    """A movable name for a version."""

    name: str
    alias: str
    version: str
    at: str
    by: str


class TrustRecord(msgspec.Struct, frozen=True):
    """A digest whose programs may run here."""

    digest: str
    at: str
    by: str
    note: str


class PlanRecord(msgspec.Struct, frozen=True):
    """An endpoint's plan document, and how many times it has been put."""

    endpoint: str
    revision: int
    document: Any
    at: str
    by: str


class KeyRecord(msgspec.Struct, frozen=True):
    """An API key without its secret: what it is for, who made it, until when it stands.

    `digest` is SHA-256 of the key's text; `place` a number that no other key ever has. Times are RFC 3339,
    empty for never.
    """

    id: str
    digest: str
    name: str
    place: int
    permit: Permit
    expires_at: str
    created_at: str
    created_by: str
    revoked_at: str = ""
    revoked_by: str = ""

    @property
    def state(self) -> dict[str, Any]:
        """What the change log says of the key; a limit that it lacks is left out, so new kinds can come."""
        permit: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self.permit))
        return {
            "digest": self.digest,
            "name": self.name,
            "place": self.place,
            "permit": {field: value for field, value in permit.items() if value is not None},
            "expires_at": self.expires_at,
        }


class LogEntry(msgspec.Struct, frozen=True):
    """One change: who did what to which subject, what stood there before and after, and why."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    before: Any
    after: Any
    why: str
    link: str
