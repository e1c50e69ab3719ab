"""A version to a registry: what is missing travels, and the tag appears last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from hythe.base.errors import Conflict, Invalid
from hythe.base.progress import Progress, Quiet
from hythe.bundle.bundle import read_manifest
from hythe.bundle.descriptor import Descriptor
from hythe.bundle.digests import check_file
from hythe.registry.blobs import BlobStore
from hythe.registry.records import VersionRecord
from hythe.registry.registry import Registry
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.facts import Facts, facts_blobs, facts_manifest, list_under_tag
from hythe.registry.remote.notes import UploadNotes
from hythe.registry.remote.reference import tag_of, version_of
from hythe.registry.remote.upload import CHUNK, upload
from hythe.registry.versions import Version


class Pushed(msgspec.Struct, frozen=True):
    """What a push did: where the version is now, and how many blobs and bytes travelled."""

    ref: str
    digest: str
    target: str
    sent_blobs: int
    sent_bytes: int
    present_blobs: int


def push(
    registry: Registry,
    ref: str,
    client: RegistryClient,
    *,
    actor: str,
    why: str = "",
    chunk: int = CHUNK,
    progress: Progress | None = None,
) -> Pushed:
    """Send a version and its facts to the repository of `client`, under its tag or the version's number.

    Raises `Conflict` when that tag is a version's number and stands for other bytes there.
    """
    if client.ref.digest is not None:
        raise Invalid(f"'{client.ref}' names a digest; push to a tag, or to the path alone")
    record = registry.resolve(ref)
    tag = client.ref.tag or tag_of(record.version)
    _refuse_other_bytes(client, tag, record)
    manifest = read_manifest(registry.blobs, record.digest)
    sender = _Sender(registry.blobs, client, UploadNotes(registry.blobs.uploads), chunk, progress or Quiet())
    sent = sender.send_layers(manifest.blobs)
    client.put_manifest(record.digest, manifest.raw)
    sender.send_facts(record, manifest.descriptor)
    client.put_manifest(tag, manifest.raw)
    target = str(replace(client.ref, tag=tag))
    with registry.catalog.edit(actor=actor, why=why) as tx:
        tx.note("push", record.name, {"version": record.version, "digest": record.digest, "to": target})
    return Pushed(
        ref=record.ref,
        digest=record.digest,
        target=target,
        sent_blobs=len(sent),
        sent_bytes=sum(blob.size for blob in sent),
        present_blobs=len(manifest.blobs) - len(sent),
    )


@dataclass(frozen=True, slots=True)
class _Sender:
    """What sending blobs needs."""

    store: BlobStore
    client: RegistryClient
    notes: UploadNotes
    chunk: int
    progress: Progress

    def send_layers(self, blobs: Sequence[Descriptor]) -> list[Descriptor]:
        """Send the blobs that are missing there; give those that travelled."""
        sent = []
        for done, blob in enumerate(blobs):
            self.progress.step(f"push {blob.filepath or blob.digest}", done, len(blobs))
            path = self.store.path(blob.digest)
            if not self.client.has_blob(blob.digest):
                check_file(path, blob.digest, blob.size, f"blob {blob.digest}")
                upload(self.client, blob, path, self.notes, self.chunk)
                sent.append(blob)
        return sent

    def send_facts(self, record: VersionRecord, subject: Descriptor) -> None:
        """Send the facts, and list them under the fallback tag where the registry does not list them."""
        document = Facts.of(record).write()
        manifest = facts_manifest(document, subject, record.changed_at)
        contents = facts_blobs(document)
        for blob in manifest.blobs:
            if not self.client.has_blob(blob.digest):
                upload(self.client, blob, contents[blob.digest], self.notes, self.chunk)
        if not self.client.put_manifest(manifest.digest, manifest.raw):
            list_under_tag(self.client, subject.digest, manifest)


def _refuse_other_bytes(client: RegistryClient, tag: str, record: VersionRecord) -> None:
    there = client.digest_at(tag) if Version.fits(version_of(tag)) else None
    if there is not None and there != record.digest:
        raise Conflict(
            f"'{replace(client.ref, tag=tag)}' exists already with other bytes ({there}); give another tag"
        )
