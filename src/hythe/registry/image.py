"""A bundle as a plain OCI image: one layer that holds its files under `/bundle`.

For runtimes that mount images but not artifacts. The bytes are a function of the bundle and the platform
alone: no times, one owner, sorted names, an uncompressed layer.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from hythe.base.errors import Invalid
from hythe.base.ids import uuid7
from hythe.bundle.bundle import Bundle
from hythe.bundle.canonical import canonical
from hythe.bundle.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor
from hythe.bundle.digests import digest_of
from hythe.bundle.storage import storage_errors
from hythe.registry.blobs import REF_NAME
from hythe.registry.durable import make_folder, pieces_of, sync_folder, write_new

ROOT = "bundle"
"""The folder in the image under which the bundle's files lie."""
BUNDLE_LABEL = "dev.hythe.bundle"
"""The image label that holds the bundle's digest."""
_IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


def export_image(bundle: Bundle, folder: Path, tag: str, architecture: str = "amd64") -> str:
    """Write an OCI image layout with one image, named `tag`, into the new `folder`; give its digest.

    Raises `Invalid` when `folder` exists. What fails leaves nothing.
    """
    if folder.exists():
        raise Invalid(f"'{folder}' exists already; name a new folder for the image")
    beside = folder.with_name(f".{folder.name}.{uuid7()}")
    with storage_errors(folder):
        try:
            digest = _write(bundle, beside, tag, architecture)
            beside.replace(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return digest


def _write(bundle: Bundle, folder: Path, tag: str, architecture: str) -> str:
    blobs = folder / "blobs" / "sha256"
    make_folder(blobs)
    layer = _write_layer(bundle, blobs)
    config = _write_blob(
        blobs,
        _IMAGE_CONFIG,
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": {BUNDLE_LABEL: bundle.digest}},
            "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
        },
    )
    described = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}
    manifest = _write_blob(blobs, OCI_MANIFEST, described)
    named = Descriptor(manifest.media_type, manifest.digest, manifest.size, {REF_NAME: tag})
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [named]}
    write_new(folder / "index.json", [canonical(index)])
    write_new(folder / "oci-layout", [canonical({"imageLayoutVersion": "1.0.0"})])
    return manifest.digest


def _write_blob(blobs: Path, media_type: str, document: object) -> Descriptor:
    data = canonical(document)
    digest = digest_of(data)
    write_new(blobs / digest.removeprefix("sha256:"), [data])
    return Descriptor(media_type, digest, len(data))


def _write_layer(bundle: Bundle, blobs: Path) -> Descriptor:
    path = blobs / "layer"
    found = hashlib.sha256()

    def counted() -> Iterator[bytes]:
        for piece in _tar(bundle):
            found.update(piece)
            yield piece

    write_new(path, counted())
    path.replace(blobs / found.hexdigest())
    return Descriptor(_LAYER, "sha256:" + found.hexdigest(), (blobs / found.hexdigest()).stat().st_size)


def _tar(bundle: Bundle) -> Iterator[bytes]:
    """Write the files as a POSIX tar archive (PAX headers only where a name needs one)."""
    names = sorted(bundle.files)
    folders = {ROOT} | {
        f"{ROOT}/{name[:at]}" for name in names for at, letter in enumerate(name) if letter == "/"
    }
    for entry in sorted(folders):
        header = tarfile.TarInfo(entry)
        header.type, header.mode = tarfile.DIRTYPE, 0o755
        yield header.tobuf(tarfile.PAX_FORMAT)
    for name in names:
        header = tarfile.TarInfo(f"{ROOT}/{name}")
        header.size, header.mode = bundle.files[name].size, 0o644
        yield header.tobuf(tarfile.PAX_FORMAT)
        yield from pieces_of(bundle.file(name))
        yield b"\0" * (-header.size % tarfile.BLOCKSIZE)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)
