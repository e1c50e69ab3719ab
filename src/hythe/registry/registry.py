"""Blobs and catalog as one: what `operations` calls."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hythe.base.clock import Clock
from hythe.base.errors import HytheError
from hythe.bundle.artifact import Source, artifact
from hythe.bundle.bundle import Bundle, read_manifest
from hythe.registry.announce import announce
from hythe.registry.blobs import BlobStore, Freed
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.findings import Finding, blob_findings, leftover_findings
from hythe.registry.records import LogEntry, VersionRecord
from hythe.registry.refs import Ref, check_name, parse_ref
from hythe.registry.register import refuse_other_bytes, register

_SUBJECTS = ("alert/", "endpoint/", "key/", "monitor/", "sha256:", "silence/")
"""What a subject of the change log that is no model begins with."""


class Registry:
    """The versions of a home: bundles in an OCI image layout, facts in a catalog."""

    def __init__(self, home: Path, catalog: Catalog, blobs: BlobStore) -> None:
        self.home = home
        self.catalog = catalog
        self.blobs = blobs

    @classmethod
    def open(
        cls,
        home: Path,
        database: str | None = None,
        clock: Clock | None = None,
        busy_timeout_s: float = 30.0,
        *,
        makes: bool = True,
    ) -> Registry:
        """Name the registry of `home`; the catalog is `home/catalog.db` or the `database` URL.

        Servers of this machine that use the same home hear of each change. Unless it `makes` a catalog file
        that is not there, as what runs for long should not, that is Unavailable.
        """
        url = database or f"sqlite:///{home / 'catalog.db'}"
        catalog = Catalog(Database(url, busy_timeout_s, makes=makes), clock, on_change=lambda: announce(home))
        return cls(home, catalog, BlobStore(home / "bundles"))

    def add(
        self,
        name: str,
        files: Mapping[str, Source],
        *,
        actor: str,
        why: str = "",
        version: str | None = None,
        facts: Mapping[str, Any] | None = None,
        trust: bool = False,
    ) -> VersionRecord:
        """Store `files` as a version of `name`: blobs, then the catalog, then the index for other tools.

        Without `version`, one is proposed from what changed since the newest. The same bytes again change
        nothing and give the version that stands. With `trust`, the programs in it may run here. Raises
        `Conflict` when `version` stands for other bytes.
        """
        check_name(name)
        made = artifact(files)
        sources: dict[str, Source] = {**made.sources, made.digest: made.manifest.raw}
        if version is not None:
            refuse_other_bytes(self.catalog, name, version, made.digest)
        blobs = (made.manifest.descriptor, *made.manifest.blobs)
        with (
            self.blobs.storing(blobs, lambda writer, blob: writer.put(blob, sources[blob.digest])),
            self.catalog.edit(actor=actor, why=why) as tx,
        ):
            record = register(tx, self.blobs, name, version, made.digest, facts=facts)
            if trust:
                tx.trust(made.digest, note=f"packed here as {record.ref}")
        self.reindex()
        return record

    def resolve(self, ref: str | Ref) -> VersionRecord:
        """Find the version that a ref names."""
        return self.catalog.resolve(ref)

    def bundle(self, ref: str | Ref) -> Bundle:
        """Open the bundle that a ref names."""
        return Bundle.open(self.blobs, self.resolve(ref).digest)

    def history(self, subject: str | None = None) -> list[LogEntry]:
        """List the changes of a model (or of a ref), of any other subject such as `alert/17`, or all."""
        if subject is not None and not subject.startswith(_SUBJECTS):
            subject = parse_ref(subject).name
        return self.catalog.history(subject)

    def remove(self, ref: str, *, actor: str, why: str = "") -> VersionRecord:
        """Forget a version; `gc` frees its bytes. Raises `Conflict` while something names it."""
        record = self.resolve(ref)
        with self.catalog.edit(actor=actor, why=why) as tx:
            tx.remove_version(record.ref)
        self.reindex()
        return record

    def fsck(self) -> list[Finding]:
        """Check every blob, the catalog and the change log; an empty list, or leftovers alone, is clean."""
        faults = self.catalog.faults()
        if faults:
            return [Finding("catalog", self.catalog.name, fault) for fault in faults]
        return [
            *blob_findings(self.blobs, self.catalog.all_versions()),
            *leftover_findings(self.blobs, self.named_blobs),
        ]

    def gc(self) -> Freed:
        """Free what no version names and what interrupted writers left; never what is being written.

        Raises `Corrupt`, and frees nothing, when a manifest is damaged: its layers may still be whole.
        """
        freed = self.blobs.collect(self.named_blobs)
        self.reindex()
        return freed

    def named_blobs(self) -> set[str]:
        """List the digest of every blob that a version needs."""
        digests = {record.digest for record in self.catalog.all_versions()}
        manifests = [read_manifest(self.blobs, digest) for digest in sorted(digests)]
        return digests | {blob.digest for manifest in manifests for blob in manifest.blobs}

    def reindex(self) -> None:
        """Bring `index.json` up to the catalog; when that fails, the next change or `gc` does it."""
        with suppress(HytheError):
            if self.blobs.root.is_dir():
                self.blobs.write_index(
                    lambda: {record.ref: record.digest for record in self.catalog.all_versions()}
                )

    def close(self) -> None:
        """Let go of the catalog's database."""
        self.catalog.close()
