"""Check a version: its bytes, and the answers of every variant that may answer, against what was stored."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hythe.base.errors import HytheError, Untrusted
from hythe.base.progress import Progress, Quiet
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.operations.find import find
from hythe.operations.load import apart, attempt
from hythe.operations.placing import Placing
from hythe.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class VariantCheck:
    """What came of replaying the goldens through one variant; `holds` is None where it may not run here."""

    variant: str
    holds: bool | None
    finding: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """A version, checked. `differences` name what is installed here in other versions than locked."""

    ref: str
    digest: str
    variants: tuple[VariantCheck, ...]
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every variant that ran answered as stored."""
        return all(variant.holds is not False for variant in self.variants)


def check(
    registry: Registry, ref: str, progress: Progress | None = None, placing: Placing | None = None
) -> Check:
    """Verify every byte of a version, then replay its goldens through each proven variant.

    What differs from its lock is replayed here only, unless `placing` says otherwise.

    Raises:
        NotFound: when there is no such version.
        Corrupt: when stored bytes are damaged.

    """
    bar = progress or Quiet()
    record = registry.resolve(ref)
    bundle = registry.bundle(record.ref)
    bar.step("reading every byte")
    bundle.verify()
    manifest = Manifest.decode(bundle.read(MANIFEST))
    variants: list[VariantCheck] = []
    for entry in manifest.variants:
        if entry.status == "proven":
            bar.step(f"replaying {entry.name}")
            variants.append(_checked(registry, record.ref, entry.name, placing, bar))
    return Check(record.ref, record.digest, tuple(variants), apart(bundle, manifest))


def _checked(
    registry: Registry, ref: str, variant: str, placing: Placing | None, progress: Progress
) -> VariantCheck:
    try:
        found = find(registry, ref, variant)
    except Untrusted as err:
        return VariantCheck(variant, None, str(err))
    start = time.perf_counter()
    try:
        with attempt(found, registry.home, placing or Placing(environment="here"), progress) as tried:
            taken = round(time.perf_counter() - start, 3)
    except HytheError as err:
        return VariantCheck(variant, holds=False, finding=str(err))
    where = f"; {tried.place.notice}" if tried.place.python else ""
    return VariantCheck(variant, tried.replay.holds, f"{tried.replay}{where}", taken)
