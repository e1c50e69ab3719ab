"""What a check of the registry found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from hythe.base.errors import Corrupt
from hythe.bundle.bundle import read_manifest
from hythe.bundle.descriptor import Descriptor
from hythe.bundle.digests import check_file
from hythe.registry.blobs import BlobStore
from hythe.registry.records import VersionRecord

FindingKind: TypeAlias = Literal["blob", "catalog", "leftover"]


class Finding(msgspec.Struct, frozen=True):
    """One finding: fault, value and remedy in `message`.

    A `leftover` (what an interrupted writer left, blobs that nothing names) is no damage: `gc` frees it.
    """

    kind: FindingKind
    subject: str
    message: str

    @property
    def damage(self) -> bool:
        """Tell whether something is wrong, rather than merely superfluous."""
        return self.kind != "leftover"


def blob_findings(store: BlobStore, records: Iterable[VersionRecord]) -> Iterator[Finding]:
    """Read every blob that a version names, once each, and compare it with its digest."""
    checked: set[str] = set()
    for record in records:
        if record.digest in checked:
            continue
        checked.add(record.digest)
        try:
            manifest = read_manifest(store, record.digest)
        except Corrupt as err:
            yield Finding("blob", record.ref, str(err))
            continue
        for blob in manifest.blobs:
            if blob.digest not in checked:
                checked.add(blob.digest)
                yield from _blob_finding(store, record, blob)


def leftover_findings(store: BlobStore, named: Callable[[], set[str]]) -> Iterator[Finding]:
    """List what nothing names and what interrupted writers left."""
    remedy = "hythe gc frees it"
    try:
        needed = named()
    except Corrupt:  # reported by `blob_findings`; without the manifest nobody can tell what is needed
        needed = set(store.digests())
    for digest in [digest for digest in store.digests() if digest not in needed]:
        yield Finding("leftover", digest, f"blob {digest} belongs to no version; {remedy}")
    for path in store.leftovers():
        yield Finding("leftover", path.name, f"'{path}' was left by an interrupted writer; {remedy}")


def _blob_finding(store: BlobStore, record: VersionRecord, blob: Descriptor) -> Iterator[Finding]:
    what = f"'{blob.filepath}' ({blob.digest})" if blob.filepath else f"blob {blob.digest}"
    try:
        check_file(store.path(blob.digest), blob.digest, blob.size, f"{what} of {record.ref}")
    except Corrupt as err:
        yield Finding("blob", record.ref, str(err))
    except OSError as err:
        yield Finding("blob", record.ref, f"{what} of {record.ref} cannot be read ({err.strerror})")
