"""Small changes of what people think of a version: alias, approval, trust. Each is one logged transaction."""

from __future__ import annotations

from hythe.base.errors import Invalid
from hythe.registry.catalog import Catalog
from hythe.registry.records import VersionRecord
from hythe.registry.refs import parse_ref


def alias(catalog: Catalog, ref: str, version: str, *, actor: str, why: str = "") -> VersionRecord:
    """Point the alias `ref` (`churn:champion`) at a version; traffic does not change by this.

    Raises:
        Invalid: when `ref` names no alias.
        NotFound: when there is no such version.

    """
    wanted = parse_ref(ref)
    if wanted.alias is None:
        raise Invalid(f"{ref!r} names no alias; write {wanted.name}:champion, for instance")
    with catalog.edit(actor=actor, why=why) as tx:
        tx.alias(ref, version.removeprefix(f"{wanted.name}:"))
    return catalog.resolve(wanted)


def approve(catalog: Catalog, ref: str, *, actor: str, note: str = "") -> VersionRecord:
    """Record that a version passed review."""
    return _decide(catalog, ref, actor, note, approved=True)


def reject(catalog: Catalog, ref: str, *, actor: str, note: str = "") -> VersionRecord:
    """Record that a version did not pass review."""
    return _decide(catalog, ref, actor, note, approved=False)


def trust(catalog: Catalog, target: str, *, actor: str, note: str = "") -> str:
    """Let the programs in a version, or in the file with a digest, run here; give the digest."""
    digest = target if target.startswith("sha256:") else catalog.resolve(target).digest
    with catalog.edit(actor=actor, why=note) as tx:
        tx.trust(digest, note)
    return digest


def _decide(catalog: Catalog, ref: str, actor: str, note: str, *, approved: bool) -> VersionRecord:
    """Decide on the version that was looked up, whatever its alias points at a moment later."""
    wanted = parse_ref(ref)
    if wanted.version is None and wanted.alias is None and wanted.digest is None:
        raise Invalid(f"{ref!r} names no version; write {ref}:1.0.0, or an alias")
    with catalog.edit(actor=actor, why=note) as tx:
        record = tx.resolve(wanted)
        (tx.approve if approved else tx.reject)(record.ref, note)
    return catalog.resolve(record.ref)
