"""Find a version and the variant that is to answer; nothing of it is loaded yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hythe.base.errors import Unsupported, Untrusted
from hythe.bundle.bundle import Bundle
from hythe.bundle.manifest import MANIFEST, NATIVE, ONNX, Manifest
from hythe.registry.records import VersionRecord
from hythe.registry.registry import Registry

if TYPE_CHECKING:
    from hythe.bundle.goldens import Goldens


@dataclass(frozen=True, slots=True)
class Loadable:
    """A version whose manifest was read, and the variant that is to answer."""

    record: VersionRecord
    bundle: Bundle
    manifest: Manifest
    variant: str

    @property
    def folder(self) -> str:
        """Where the variant's files lie in the bundle."""
        return self.manifest.variant(self.variant).folder

    def goldens(self) -> Goldens:
        """Read the stored rows."""
        from hythe.bundle.goldens import Goldens

        return Goldens.decode(self.bundle.read(self.manifest.goldens))


def find(registry: Registry, ref: str, variant: str | None = None) -> Loadable:
    """Find a version and choose its variant: the one asked for, else the fastest that was proven.

    Raises:
        NotFound: when there is no such version or variant.
        Unsupported: when the variant was refused or never proven.
        Untrusted: when the variant runs a program that nobody here trusts.

    """
    record = registry.resolve(ref)
    bundle = registry.bundle(record.ref)
    manifest = Manifest.decode(bundle.read(MANIFEST))
    chosen = variant or _fastest(record, manifest)
    entry = manifest.variant(chosen)
    if entry.status != "proven":
        raise Unsupported(
            f"variant {chosen!r} of {record.ref} is {entry.status}: {entry.reason}; use {NATIVE!r}, or none"
        )
    if chosen == NATIVE and manifest.flavor.program and registry.catalog.trusted(record.digest) is None:
        raise Untrusted(
            f"the native model of {record.ref} is a program ({manifest.flavor.format}) that nobody here "
            f"trusts; if you know who made it: hythe trust {record.ref}"
        )
    return Loadable(record, bundle, manifest, chosen)


def _fastest(record: VersionRecord, manifest: Manifest) -> str:
    """Take the variant that packing measured as fastest; without that fact, ONNX before native."""
    proven = [entry.name for entry in manifest.variants if entry.status == "proven"]
    chosen = str(record.facts.get("variant", ONNX))
    return chosen if chosen in proven else next((name for name in (ONNX, NATIVE) if name in proven), NATIVE)
