"""Blobs by content in an OCI image layout: equal files once, whole or absent.

Writers gather new blobs in a folder of their own (`ingest/<id>`, claimed with a lock that ends with the
process) and publish them in one short step under the store's lock, inside which the catalog commits.
Collecting garbage takes that lock alone, so it never sees a blob whose version is about to be named.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hythe.base.errors import Corrupt, Invalid
from hythe.base.ids import uuid7
from hythe.bundle.artifact import Source
from hythe.bundle.bundle import read_manifest
from hythe.bundle.canonical import canonical
from hythe.bundle.descriptor import OCI_INDEX, Descriptor
from hythe.bundle.digests import check_digest, check_file
from hythe.bundle.storage import storage_errors
from hythe.registry.durable import make_folder, pieces_of, replace_file, sync_folder, write_new
from hythe.registry.locks import alone, claim, shared

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation by which tools name an entry of `index.json`."""
_UNFINISHED = ".part"
_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


@dataclass(frozen=True, slots=True)
class Freed:
    """What collecting garbage removed."""

    files: int
    bytes: int


class BlobStore:
    """An OCI image layout in `root` (`oci-layout`, `index.json`, `blobs/sha256/…`)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs = root / "blobs" / "sha256"
        self._ingest = root / "ingest"
        self._partial = root / "partial"
        self._lock = root / "lock"
        self.uploads = root / "uploads"

    def path(self, digest: str) -> Path:
        """Give the file that holds `digest`, whether or not it exists."""
        return self._blobs / check_digest(digest).removeprefix("sha256:")

    def intact(self, digest: str, size: int) -> bool:
        """Tell whether the blob is here and whole, by reading it."""
        try:
            check_file(self.path(digest), digest, size, digest)
        except Corrupt:
            return False
        return True

    def digests(self) -> list[str]:
        """List every blob that lies here, named or not."""
        if not self._blobs.is_dir():
            return []
        return sorted(f"sha256:{entry.name}" for entry in self._blobs.iterdir())

    def leftovers(self) -> list[Path]:
        """List what interrupted writers left: harmless, and freed by `collect`."""
        return [
            path
            for path in (*_entries(self._ingest), *_entries(self._partial), *_entries(self.uploads))
            if _abandoned(path)
        ]

    @contextmanager
    def storing(
        self, blobs: Iterable[Descriptor], gather: Callable[[Writer, Descriptor], None]
    ) -> Iterator[None]:
        """Store `blobs`, each brought by `gather`, and keep `collect` away inside the block.

        The block is where the catalog names them. When it raises, or the process dies, the store holds at
        most whole blobs that nothing names.
        """
        wanted = tuple(blobs)
        with self._writer() as writer:
            for blob in wanted:
                gather(writer, blob)
            with self._shared():
                for blob in wanted:
                    if not writer.present(blob):
                        gather(writer, blob)
                writer.publish()
                yield

    @contextmanager
    def partial(self, digest: str) -> Iterator[Path | None]:
        """Claim the file where a download of `digest` grows, so that the next one can go on from there.

        Yields None while another process is downloading the same blob.
        """
        path = self._partial / check_digest(digest).removeprefix("sha256:")
        with storage_errors(path), shared(self._lock):
            path.touch()
            handle = claim(path)
        try:
            yield path if handle is not None else None
        finally:
            if handle is not None:
                os.close(handle)

    def adopt(self, blob: Descriptor, path: Path) -> None:
        """Move a finished, flushed file into the store; raises `Corrupt` when it is not the blob.

        So a pull that is interrupted keeps the blobs that arrived whole.
        """
        check_file(path, blob.digest, blob.size, f"blob {blob.digest}")
        with storage_errors(self.root), shared(self._lock):
            path.chmod(0o444)
            path.replace(self.path(blob.digest))
            sync_folder(self._blobs)

    def write_index(self, named: Callable[[], Mapping[str, str]]) -> None:
        """Write `index.json` from the names (`churn:1.0.0`) and manifest digests that `named` reads.

        The index is for other tools; the catalog stays the one truth, and `named` is asked under a lock, so
        that the last writer has the newest view.
        """
        with storage_errors(self.root):
            self._prepare()
            with alone(self.root / "index.lock"):
                entries = [self._entry(ref, digest) for ref, digest in sorted(named().items())]
                manifests = [entry for entry in entries if entry is not None]
                index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
                data = canonical(index)
                path = self.root / "index.json"
                if not path.exists() or path.read_bytes() != data:
                    replace_file(path, data)

    def collect(self, keep: Callable[[], Iterable[str]]) -> Freed:
        """Remove every blob that `keep` (asked under the lock) does not name, and what dead writers left."""
        if not self.root.is_dir():
            return Freed(0, 0)
        with storage_errors(self.root), alone(self._lock):
            named = set(keep())
            doomed = [self.path(digest) for digest in self.digests() if digest not in named]
            sizes = [path.stat().st_size for path in doomed]
            for path in doomed:
                path.unlink()
            if doomed:
                sync_folder(self._blobs)
            with alone(self.root / "index.lock"):
                gone = [_remove(path) for path in (*self.leftovers(), *self._stray())]
        return Freed(len(doomed) + len(gone), sum(sizes) + sum(gone))

    @contextmanager
    def _writer(self) -> Iterator[Writer]:
        with storage_errors(self.root):
            self._prepare()
            folder = self._ingest / str(uuid7())
            with shared(self._lock):
                folder.mkdir()
                handle = claim(folder)
        try:
            yield Writer(self, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if handle is not None:
                os.close(handle)

    @contextmanager
    def _shared(self) -> Iterator[None]:
        with ExitStack() as stack:
            with storage_errors(self.root):
                stack.enter_context(shared(self._lock))
            yield

    def _prepare(self) -> None:
        if (self.root / "oci-layout").exists():
            return
        for folder in (self._blobs, self._ingest, self._partial):
            make_folder(folder)
        with alone(self._lock):
            replace_file(self.root / "oci-layout", _LAYOUT)

    def _stray(self) -> list[Path]:
        return [
            path for path in self.root.iterdir() if path.name.startswith((".index.json.", ".oci-layout."))
        ]

    def _entry(self, ref: str, digest: str) -> Mapping[str, object] | None:
        try:
            found = read_manifest(self, digest).descriptor
        except Corrupt:
            return None
        return {
            "mediaType": found.media_type,
            "digest": found.digest,
            "size": found.size,
            "artifactType": found.artifact_type,
            "annotations": {REF_NAME: ref},
        }


class Writer:
    """Gathers blobs out of sight, then publishes them."""

    def __init__(self, store: BlobStore, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def has(self, blob: Descriptor) -> bool:
        """Tell whether the blob is gathered here, or in the store and whole (it is read to see)."""
        return self._staged(blob.digest).exists() or self._store.intact(blob.digest, blob.size)

    def present(self, blob: Descriptor) -> bool:
        """Tell whether the blob is gathered here or still lies in the store, without reading it."""
        return self._staged(blob.digest).exists() or self._store.path(blob.digest).exists()

    def scratch(self, blob: Descriptor) -> Path:
        """Give a place for an unfinished copy of the blob that ends with this writer."""
        return self._folder / (check_digest(blob.digest).removeprefix("sha256:") + _UNFINISHED)

    def put(self, blob: Descriptor, source: Source) -> None:
        """Gather a blob unless it is here already; raises `Invalid` when `source` is not what it was."""
        if self.has(blob):
            return
        with storage_errors(self._folder):
            write_new(self._staged(blob.digest), _checked(pieces_of(source), blob, str(source)[:200]), 0o444)

    def publish(self) -> None:
        """Move what was gathered into the store and flush the names; the store's lock is held."""
        with storage_errors(self._folder):
            staged = sorted(path for path in self._folder.iterdir() if path.suffix != _UNFINISHED)
            places = [self._store.path("sha256:" + path.name) for path in staged]
            for path, place in zip(staged, places, strict=True):
                path.replace(place)
            if places:
                sync_folder(places[0].parent)

    def _staged(self, digest: str) -> Path:
        return self._folder / check_digest(digest).removeprefix("sha256:")


def _checked(pieces: Iterable[bytes], blob: Descriptor, name: str) -> Iterator[bytes]:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
        yield piece
    if "sha256:" + found.hexdigest() != blob.digest:
        raise Invalid(f"'{name}' changed while it was read; leave it alone and try again")


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _abandoned(path: Path) -> bool:
    try:
        handle = claim(path)
    except FileNotFoundError:
        return False
    if handle is None:
        return False
    os.close(handle)
    return True


def _remove(path: Path) -> int:
    """Remove a leftover; give its bytes."""
    if path.is_dir():
        size = sum(entry.stat().st_size for entry in path.iterdir())
        shutil.rmtree(path)
        return size
    size = path.stat().st_size
    path.unlink()
    return size
