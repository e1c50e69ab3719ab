"""OCI descriptors and manifests: how a bundle names its blobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from hythe.base.errors import Corrupt
from hythe.bundle.digests import digest_of, is_digest

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
MODEL_ARTIFACT = "application/vnd.cncf.model.manifest.v1+json"
MODEL_CONFIG = "application/vnd.cncf.model.config.v1+json"
FILEPATH = "org.cncf.model.filepath"
"""The layer annotation that holds a file's path in the bundle."""


class Descriptor(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One blob by media type, digest and size (OCI image specification 1.1, `descriptor.md`)."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = {}
    artifact_type: str = ""

    @property
    def filepath(self) -> str | None:
        """The path of the file in the bundle, where the layer is a file."""
        return self.annotations.get(FILEPATH)


class _ManifestFields(msgspec.Struct, frozen=True, rename="camel"):
    config: Descriptor
    layers: tuple[Descriptor, ...] = ()
    media_type: str = OCI_MANIFEST
    artifact_type: str = ""
    subject: Descriptor | None = None
    annotations: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Manifest:
    """An OCI image manifest. `raw` is what is stored and sent, so unknown fields come through unharmed."""

    raw: bytes
    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    artifact_type: str
    subject: Descriptor | None
    annotations: Mapping[str, str]

    @classmethod
    def parse(cls, raw: bytes) -> Manifest:
        """Read a manifest; raises `Corrupt` when it is none."""
        digest = digest_of(raw)
        try:
            fields = msgspec.json.decode(raw, type=_ManifestFields)
        except msgspec.DecodeError as err:
            raise Corrupt(f"{digest} is no OCI image manifest ({err}); name the artifact of a model") from err
        for descriptor in (fields.config, *fields.layers):
            if not is_digest(descriptor.digest) or descriptor.size < 0:
                raise Corrupt(
                    f"manifest {digest} names the blob '{descriptor.digest}' of {descriptor.size} bytes;"
                    " only sha256 digests and sizes from 0 are read"
                )
        return cls(
            raw,
            digest,
            fields.config,
            fields.layers,
            fields.artifact_type,
            fields.subject,
            fields.annotations,
        )

    @property
    def descriptor(self) -> Descriptor:
        """How others name this manifest."""
        return Descriptor(OCI_MANIFEST, self.digest, len(self.raw), artifact_type=self.artifact_type)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """The config and the layers, each digest once, in the manifest's order."""
        return tuple({item.digest: item for item in (self.config, *self.layers)}.values())
