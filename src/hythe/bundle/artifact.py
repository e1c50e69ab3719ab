"""From files to an OCI artifact in CNCF ModelPack form: the bytes that a version's digest stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hythe.base.errors import Invalid
from hythe.bundle.canonical import canonical
from hythe.bundle.descriptor import FILEPATH, MODEL_ARTIFACT, MODEL_CONFIG, OCI_MANIFEST, Descriptor, Manifest
from hythe.bundle.digests import digest_of, digest_of_file
from hythe.bundle.layout import check_paths, media_type_of

Source: TypeAlias = "bytes | Path"
"""Where a file's bytes come from: memory, or a file that is read when it is stored."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest and where the bytes of each blob that it names come from, by digest."""

    manifest: Manifest
    sources: Mapping[str, Source]

    @property
    def digest(self) -> str:
        """The version's digest: that of the manifest."""
        return self.manifest.digest


def artifact(files: Mapping[str, Source], *, config: Mapping[str, object] | None = None) -> Artifact:
    """Make the ModelPack artifact of `files` (path in the bundle to content).

    `config` is the `config` object of the ModelPack configuration (format, precision, …). The result is a
    function of the arguments alone: no times, no names, layers sorted by path. Raises `Invalid` for no
    files, a path that leaves the bundle, or a file that cannot be read.

    >>> made = artifact({"card.md": b"# Churn", "hythe.json": b"{}"})
    >>> [layer.filepath for layer in made.manifest.layers]
    ['card.md', 'hythe.json']
    """
    if not files:
        raise Invalid("a bundle of no files; give one at least")
    check_paths(list(files))
    layers = [_layer(path, files[path]) for path in sorted(files)]
    described = {
        "descriptor": {},
        "config": dict(config or {}),
        "modelfs": {"type": "layers", "diffIds": [layer.digest for layer in layers]},
    }
    config_bytes = canonical(described)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": MODEL_ARTIFACT,
        "config": Descriptor(MODEL_CONFIG, digest_of(config_bytes), len(config_bytes)),
        "layers": layers,
    }
    sources: dict[str, Source] = {layer.digest: files[layer.annotations[FILEPATH]] for layer in layers}
    sources[digest_of(config_bytes)] = config_bytes
    return Artifact(Manifest.parse(canonical(manifest)), sources)


def _layer(path: str, source: Source) -> Descriptor:
    try:
        digest = digest_of(source) if isinstance(source, bytes) else digest_of_file(source)
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
    except OSError as err:
        raise Invalid(f"'{path}' cannot be read from '{source!s}' ({err.strerror}); name a file") from err
    return Descriptor(media_type_of(path), digest, size, {FILEPATH: path})
