"""A bundle on disk: the files of one version, read only after their digests are checked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hythe.base.errors import Corrupt, Invalid, NotFound
from hythe.bundle.descriptor import MODEL_ARTIFACT, MODEL_CONFIG, Descriptor, Manifest
from hythe.bundle.digests import check_data, check_digest, check_file
from hythe.bundle.layout import check_paths
from hythe.bundle.storage import storage_errors


class Blobs(Protocol):
    """Where blobs lie: an OCI image layout, a cache, a folder."""

    def path(self, digest: str) -> Path:
        """Give the file that holds this digest, whether or not it exists."""
        ...


@dataclass(frozen=True, slots=True)
class Bundle:
    """The immutable files of a version.

    `paths` maps each path in the bundle to its blob, unchecked; `read`, `file` and `unpack` check first.
    Layers that are no plain files (archives, layers without a path) stay in `manifest` and travel along.
    """

    manifest: Manifest
    paths: Mapping[str, Path]
    _layers: Mapping[str, Descriptor] = field(repr=False)

    @classmethod
    def open(cls, blobs: Blobs, digest: str) -> Bundle:
        """Open the bundle with this manifest digest; raises `Corrupt` when the manifest is damaged."""
        manifest = read_manifest(blobs, digest)
        if manifest.artifact_type != MODEL_ARTIFACT and manifest.config.media_type != MODEL_CONFIG:
            raise Invalid(
                f"{digest} is an artifact of type '{manifest.artifact_type or manifest.config.media_type}',"
                f" not a model ({MODEL_ARTIFACT}); name a model"
            )
        layers = {layer.filepath: layer for layer in manifest.layers if layer.filepath and _is_file(layer)}
        check_paths([layer.filepath for layer in manifest.layers if layer.filepath and _is_file(layer)])
        paths = {path: blobs.path(layer.digest) for path, layer in layers.items()}
        return cls(manifest, paths, layers)

    @property
    def digest(self) -> str:
        """The version's digest."""
        return self.manifest.digest

    @property
    def files(self) -> Mapping[str, Descriptor]:
        """Each path with its digest and size."""
        return self._layers

    def file(self, path: str) -> Path:
        """Give the blob that holds `path`, after checking its size and digest."""
        layer = self._layer(path)
        return check_file(self.paths[path], layer.digest, layer.size, self._what(path))

    def read(self, path: str) -> bytes:
        """Read a file of the bundle, checked; raises `NotFound` for another path, `Corrupt` for damage."""
        layer = self._layer(path)
        return _read(self.paths[path], layer.digest, layer.size, self._what(path))

    def verify(self) -> None:
        """Check every file; raises `Corrupt` at the first that is damaged."""
        for path in self._layers:
            self.file(path)

    def unpack(self, folder: Path, prefix: str = "model/") -> Path:
        """Lay the files under `prefix` out in the new or empty `folder`, without the prefix; give `folder`.

        Files are hard links where the file system allows and copies elsewhere: treat them as read-only.
        """
        chosen = {path: path.removeprefix(prefix) for path in self._layers if path.startswith(prefix)}
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise Invalid(f"'{folder}' is not empty; unpack into a new folder")
            for path, name in chosen.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(self.file(path), target)
        return folder

    def _layer(self, path: str) -> Descriptor:
        layer = self._layers.get(path)
        if layer is None:
            raise NotFound(f"'{path}' is not in bundle {self.digest}; it holds: {', '.join(self._layers)}")
        return layer

    def _what(self, path: str) -> str:
        return f"'{path}' of bundle {self.digest}"


def read_manifest(blobs: Blobs, digest: str) -> Manifest:
    """Read a stored manifest, checked against its digest."""
    path = blobs.path(check_digest(digest))
    try:
        size = path.stat().st_size
    except FileNotFoundError as err:
        raise Corrupt(f"manifest {digest} is missing; pack or pull the version again to put it back") from err
    return Manifest.parse(_read(path, digest, size, f"manifest {digest}"))


def _is_file(layer: Descriptor) -> bool:
    return ".tar" not in layer.media_type


def _read(path: Path, digest: str, size: int, what: str) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError as err:
        raise Corrupt(f"{what} is missing; pack or pull the version again to put it back") from err
    return check_data(data, digest, size, what)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
