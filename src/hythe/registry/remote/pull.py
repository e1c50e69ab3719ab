"""A version from a registry: what is missing travels, the digests are checked, and nothing in it is run."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from hythe.base.errors import Corrupt, Invalid, NotFound
from hythe.base.progress import Progress, Quiet
from hythe.bundle.bundle import Bundle
from hythe.bundle.descriptor import MODEL_ARTIFACT, MODEL_CONFIG, Descriptor, Manifest
from hythe.registry.blobs import BlobStore, Writer
from hythe.registry.records import VersionRecord
from hythe.registry.refs import check_name
from hythe.registry.register import refuse_other_bytes, register
from hythe.registry.registry import Registry
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.download import download
from hythe.registry.remote.facts import find_facts
from hythe.registry.remote.reference import version_of
from hythe.registry.versions import Version


class Pulled(msgspec.Struct, frozen=True):
    """What a pull did: the version as it stands here, and how many blobs and bytes travelled."""

    record: VersionRecord
    source: str
    received_blobs: int
    received_bytes: int


def pull(
    registry: Registry,
    client: RegistryClient,
    *,
    actor: str,
    why: str = "",
    name: str | None = None,
    version: str | None = None,
    progress: Progress | None = None,
) -> Pulled:
    """Fetch a version with its facts and register it here, untrusted.

    Without a tag or digest, the newest version there is meant. Name and version are the caller's, else those
    of the facts, else the path's last part and the tag; without any version one is proposed.
    """
    reference = client.ref.digest or client.ref.tag or _newest_tag(client)
    source = str(client.ref if client.ref.digest else replace(client.ref, tag=reference))
    manifest = _model_manifest(client, reference)
    facts = find_facts(client, manifest.digest)
    receiver = _Receiver(registry.blobs, client, manifest, progress or Quiet())
    name = check_name(name or (facts.name if facts else client.ref.name))
    version = version or (facts.version if facts else _version_in(reference))
    if version is not None:
        refuse_other_bytes(registry.catalog, name, version, manifest.digest)
    with (
        registry.blobs.storing((manifest.descriptor, *manifest.blobs), receiver.gather),
        registry.catalog.edit(actor=actor, why=why) as tx,
    ):
        record = register(
            tx, registry.blobs, name, version, Bundle.open(registry.blobs, manifest.digest).digest
        )
        if facts:
            tx.merge(record.ref, facts.others, facts.approval)
        tx.note("pull", record.name, {"version": record.version, "digest": record.digest, "from": source})
        record = tx.resolve(record.ref)
    registry.reindex()
    return Pulled(record, source, receiver.blobs, receiver.bytes)


class _Receiver:
    """Brings blobs into the store, and counts what travelled."""

    def __init__(
        self, store: BlobStore, client: RegistryClient, manifest: Manifest, progress: Progress
    ) -> None:
        self._store = store
        self._client = client
        self._manifest = manifest
        self._progress = progress
        self.blobs = 0
        self.bytes = 0

    def gather(self, writer: Writer, blob: Descriptor) -> None:
        """Bring one blob unless it is here and whole."""
        if blob.digest == self._manifest.digest:
            writer.put(blob, self._manifest.raw)
        elif not writer.has(blob):
            self._progress.step(f"pull {blob.filepath or blob.digest}", self.blobs, 0)
            with self._store.partial(blob.digest) as claimed:
                path = claimed or writer.scratch(blob)
                self.bytes += download(self._client, blob, path)
                self.blobs += 1
                try:
                    self._store.adopt(blob, path)
                except Corrupt:
                    path.unlink()
                    raise


def _newest_tag(client: RegistryClient) -> str:
    tags = client.tags()
    known = [tag for tag in tags if Version.fits(version_of(tag))]
    if not known:
        raise NotFound(f"'{client.ref}' has no version; its tags: {', '.join(tags) or 'none'}")
    return max(known, key=lambda tag: Version.parse(version_of(tag)).precedence)


def _version_in(reference: str) -> str | None:
    version = version_of(reference)
    return version if Version.fits(version) else None


def _model_manifest(client: RegistryClient, reference: str) -> Manifest:
    raw = client.get_manifest(reference)
    try:
        manifest = Manifest.parse(raw)
    except Corrupt as err:
        raise Invalid(f"'{client.ref}' at {reference} is no model ({err})") from err
    if manifest.artifact_type != MODEL_ARTIFACT and manifest.config.media_type != MODEL_CONFIG:
        kind = manifest.artifact_type or manifest.config.media_type
        raise Invalid(f"'{client.ref}' at {reference} is '{kind}', not a model; name a model's repository")
    return manifest
