"""What is known: models, versions and their contents. Nothing here loads a model."""

from __future__ import annotations

from dataclasses import dataclass

from hythe.base.errors import NotFound
from hythe.bundle.bundle import Bundle
from hythe.bundle.manifest import CARD, MANIFEST, Manifest
from hythe.bundle.proof import Proof
from hythe.registry.catalog import Catalog
from hythe.registry.records import VersionRecord
from hythe.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Description:
    """A version: what the catalog and the bundle say of it, and the proof of each variant."""

    record: VersionRecord
    manifest: Manifest
    proofs: tuple[Proof, ...]
    files: dict[str, int]


def listed(catalog: Catalog, model: str | None = None) -> list[VersionRecord]:
    """List versions, of one model or all; raises NotFound for a model that is not there."""
    if model is None:
        return catalog.all_versions()
    records = catalog.versions(model)
    if not records:
        known = ", ".join(catalog.models()) or "none yet"
        raise NotFound(f"model {model!r} is not in the registry; known models: {known}")
    return records


def described(registry: Registry, ref: str) -> Description:
    """Read what a version holds."""
    record = registry.resolve(ref)
    bundle = registry.bundle(ref)
    manifest = Manifest.decode(bundle.read(MANIFEST))
    return Description(record, manifest, tuple(_proofs(bundle)), {p: d.size for p, d in bundle.files.items()})


def _proofs(bundle: Bundle) -> list[Proof]:
    return [Proof.decode(bundle.read(path)) for path in sorted(bundle.files) if path.startswith("proofs/")]


def card_of(registry: Registry, ref: str) -> str:
    """Read a version's model card; raises NotFound where it has none."""
    bundle = registry.bundle(ref)
    manifest = Manifest.decode(bundle.read(MANIFEST))
    return bundle.read(manifest.card or CARD).decode()
