"""What rows are compared with: a version's schema and baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from hythe.base.errors import Invalid, Unsupported
from hythe.bundle.baseline import Baseline
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.bundle.schema import Schema
from hythe.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Reference:
    """What a version says of the rows that it was made for."""

    ref: str
    number: str
    schema: Schema
    baseline: Baseline

    @classmethod
    def of(cls, registry: Registry, ref: str, features: Sequence[str] = ()) -> Reference:
        """Read a version's bundle; with `features`, only these are left.

        Raises:
            NotFound: when there is no such version.
            Unsupported: when it has no baseline.
            Invalid: when it has no such feature.

        """
        record = registry.resolve(ref)
        bundle = registry.bundle(record.ref)
        manifest = Manifest.decode(bundle.read(MANIFEST))
        if not manifest.baseline:
            raise Unsupported(
                f"{record.ref} has no baseline, for it was packed by an older Hythe; pack it again from its "
                "model and examples"
            )
        baseline = Baseline.decode(bundle.read(manifest.baseline))
        if features:
            baseline = _only(baseline, features, record.ref)
        return cls(record.ref, record.ref.rpartition(":")[2], manifest.schema, baseline)


def _only(baseline: Baseline, features: Sequence[str], ref: str) -> Baseline:
    """Leave out the features that nobody asked for."""
    if unknown := [name for name in features if name not in baseline.features]:
        known = ", ".join(baseline.features)
        raise Invalid(f"{unknown[0]!r} is no feature of {ref}; its features are {known}")
    kept = {name: baseline.features[name] for name in baseline.features if name in features}
    return msgspec.structs.replace(baseline, features=kept, correlations=None, pairs=None)
