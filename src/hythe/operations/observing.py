"""What a version's answers are compared with, for those who serve it."""

from __future__ import annotations

import msgspec

from hythe.bundle.baseline import Baseline
from hythe.bundle.variant import Variant
from hythe.dataplane.spec import OnnxFiles, VersionSpec
from hythe.monitor.comparison import widths
from hythe.monitor.records.sources import observing
from hythe.operations.find import Loadable


def observable(spec: VersionSpec, found: Loadable) -> VersionSpec:
    """Add the path of the version's baseline, and what its serving processes need of it.

    A bundle without a baseline stays as it is: its windows count requests and times only. Raises Corrupt
    when stored bytes are damaged.
    """
    if not found.manifest.baseline:
        return spec
    baseline = Baseline.decode(found.bundle.read(found.manifest.baseline))
    variant = found.bundle.read(f"{found.folder}/variant.json") if isinstance(spec.files, OnnxFiles) else None
    feed = None if variant is None else Variant.decode(variant).feed
    return msgspec.structs.replace(
        spec,
        baseline=str(found.bundle.file(found.manifest.baseline)),
        observing=observing(found.manifest.schema, baseline, feed),
        widths=widths(found.manifest.schema.outputs, baseline),
    )
