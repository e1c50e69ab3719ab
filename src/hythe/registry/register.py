"""Stored bytes become a version: under the number asked for, or the one proposed from what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hythe.base.errors import Conflict, HytheError
from hythe.bundle.bundle import Blobs, Bundle
from hythe.bundle.schema import Schema
from hythe.registry.edit import Edit
from hythe.registry.reader import Reader
from hythe.registry.records import Approval, VersionRecord
from hythe.registry.versions import FIRST, Contents, Version, propose


class _Head(msgspec.Struct):
    """What a proposal needs of `hythe.json`."""

    schema: Schema | None = None


def register(
    tx: Edit,
    blobs: Blobs,
    name: str,
    version: str | None,
    digest: str,
    *,
    facts: Mapping[str, Any] | None = None,
    approval: Approval | None = None,
) -> VersionRecord:
    """Add a version inside an edit; bytes that stand for a version already give that version."""
    if version is not None:
        return tx.add_version(name, version, digest, facts=facts, approval=approval)
    known = tx.versions(name)
    same = next((record for record in known if record.digest == digest), None)
    if same is not None:
        return msgspec.structs.replace(same, notice=f"these bytes are '{same.ref}' already")
    if not known:
        return tx.add_version(name, str(FIRST), digest, facts=facts, approval=approval)
    newest = known[0]
    proposal = propose(contents_of(blobs, newest.digest), contents_of(blobs, digest))
    number = str(Version.parse(newest.version).bump(proposal.change))
    change = {"step": proposal.change, "since": newest.version, "reasons": list(proposal.reasons)}
    return tx.add_version(name, number, digest, facts={"change": change, **(facts or {})}, approval=approval)


def refuse_other_bytes(reader: Reader, name: str, version: str, digest: str) -> None:
    """Raise `Conflict` early when the version stands for other bytes, before anything is copied."""
    Version.parse(version)
    for record in reader.versions(name):
        if record.version == version and record.digest != digest:
            raise Conflict(
                f"'{record.ref}' exists already with other bytes ({record.digest});"
                " give another version, or none to have one proposed"
            )


def contents_of(blobs: Blobs, digest: str) -> Contents:
    """Read what a proposal compares; of a bundle that cannot be read, nothing."""
    try:
        bundle = Bundle.open(blobs, digest)
        head = msgspec.json.decode(bundle.read("hythe.json"), type=_Head)
    except (HytheError, msgspec.MsgspecError):
        return Contents(None, {})
    return Contents(head.schema, {path: layer.digest for path, layer in bundle.files.items()})
