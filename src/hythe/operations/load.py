"""Load a version to answer with it: the chosen variant, replayed before it may answer."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hythe.base.errors import Corrupt, Unsupported, Untrusted
from hythe.bundle.bundle import Bundle
from hythe.bundle.goldens import Goldens
from hythe.bundle.lock import Lock, differences
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.bundle.variant import Variant
from hythe.compile.replay import Replay, replay, replay_native
from hythe.operations.trial import NATIVE, ONNX
from hythe.registry.records import VersionRecord
from hythe.registry.registry import Registry
from hythe.runtime.native.wire import Load
from hythe.runtime.predictor import Predictor, native_predictor, onnx_predictor

UNPACKED = "loaded"
"""The folder under the home where native models are laid out, each in a folder named after its process."""


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


def load(registry: Registry, ref: str, variant: str | None = None, *, threads: int = 1) -> Predictor:
    """Load a version and replay its goldens; what differs does not answer.

    Raises:
        Corrupt: when stored bytes are damaged, or an answer differs from the stored one.
        NotFound, Unsupported, Untrusted: as `find`.

    """
    found = find(registry, ref, variant)
    predictor = opened(found, registry.home, threads=threads)
    outcome = replayed(found, predictor)
    if not outcome.holds:
        predictor.close()
        raise Corrupt(f"{found.record.ref} does not answer as it did when packed: {outcome}{_hint(found)}")
    return predictor


def opened(found: Loadable, home: Path, *, threads: int = 1) -> Predictor:
    """Open the variant without replaying anything."""
    schema = found.manifest.schema
    if found.variant == NATIVE:
        folder = unpacked(found, home)
        flavor = found.manifest.flavor
        return native_predictor(
            Load(flavor.name, flavor.format, str(folder), schema),
            clean=lambda: shutil.rmtree(folder, ignore_errors=True),
        )
    graph = found.bundle.file(f"{found.folder}/model.onnx")
    spec = Variant.decode(found.bundle.read(f"{found.folder}/variant.json"))
    return onnx_predictor(graph, spec, schema, threads=threads)


def unpacked(found: Loadable, home: Path, owner: str = "") -> Path:
    """Lay the native model's files out in a new folder under the home; the caller removes it.

    The folder's name begins with the id of the process that needs it: `owner`, or this one when left out.
    """
    place = home / UNPACKED
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{owner or os.getpid()}-{found.record.name}-", dir=place))
    for part in ("model", "code"):
        found.bundle.unpack(folder / part, f"{part}/")
    return folder


def replayed(found: Loadable, predictor: Predictor) -> Replay:
    """Replay the goldens through the variant that `opened` gave."""
    if found.variant == NATIVE:  # it raises where it refuses
        return replay_native(
            found.goldens(), lambda rows: predictor.stored(rows).answers, found.manifest.schema
        )
    return replay(found.goldens(), predictor.stored, found.manifest.schema)


def _fastest(record: VersionRecord, manifest: Manifest) -> str:
    """Take the variant that packing measured as fastest; without that fact, ONNX before native."""
    proven = [entry.name for entry in manifest.variants if entry.status == "proven"]
    chosen = str(record.facts.get("variant", ONNX))
    return chosen if chosen in proven else next((name for name in (ONNX, NATIVE) if name in proven), NATIVE)


def _hint(found: Loadable) -> str:
    """Name what differs between the lock and this environment: the likeliest cause."""
    said = apart(found.bundle, found.manifest) if found.variant == NATIVE else ()
    return "; " + ", ".join(said) if said else ""


def apart(bundle: Bundle, manifest: Manifest) -> tuple[str, ...]:
    """Say what is installed here in other versions than the bundle's lock has."""
    if not manifest.lock:
        return ()
    return tuple(map(str, differences(Lock.decode(bundle.read(manifest.lock)))))
