"""From a ref to everything that serving needs: the endpoint, its plan, and files that were replayed first."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from hythe.base.errors import Corrupt
from hythe.bundle.goldens import Goldens
from hythe.dataplane.spec import EndpointSpec, NativeFiles, OnnxFiles, VersionSpec
from hythe.operations.load import Loadable, find, opened, replayed, unpacked
from hythe.operations.observing import observable
from hythe.operations.trial import NATIVE
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan


@contextmanager
def endpoint(
    registry: Registry, ref: str, variant: str | None = None, *, actor: str
) -> Iterator[EndpointSpec]:
    """Make the endpoint named after the model, with a plan of one arm, and give what serves it.

    The version's goldens are replayed first. Files that had to be unpacked are removed when the block ends.

    Raises:
        Corrupt: when the version does not answer as it did when packed; the plan stays as it was.
        NotFound, Unsupported, Untrusted: when it cannot be loaded.

    """
    found = find(registry, ref, variant)
    with opened(found, registry.home) as predictor:
        outcome = replayed(found, predictor)
    if not outcome.holds:
        raise Corrupt(f"{found.record.ref} does not answer as it did when packed: {outcome}")
    plan = Plan.of(found.record.version, found.record.digest)
    _store(registry, found.record.name, plan, actor, f"serve {ref}")
    folder = unpacked(found, registry.home) if found.variant == NATIVE else None
    try:
        version = VersionSpec(
            found.record.version, found.record.digest, found.manifest.schema, _files(found, folder)
        )
        yield EndpointSpec(
            found.record.name, plan, (observable(version, found),), example=example_row(found.goldens())
        )
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def example_row(goldens: Goldens) -> dict[str, Any] | None:
    """Take a stored row that the model answers, as JSON values, to show callers; None for tensors.

    Rows of the example data come first, and among them those without gaps.
    """
    if not isinstance(goldens.rows, pa.Table):
        return None
    answered = np.flatnonzero(~goldens.outcome.refused)
    rows = [(goldens.kinds[i] != "example", goldens.rows.slice(int(i), 1).to_pylist()[0]) for i in answered]
    plain = [(odd, _plain(row)) for odd, row in rows]
    return min(
        plain, key=lambda item: (item[0], sum(v is None for v in item[1].values())), default=(0, None)
    )[1]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Write what JSON has no word for as null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _store(registry: Registry, name: str, plan: Plan, actor: str, why: str) -> None:
    """Write the plan down; the same again changes nothing."""
    document = msgspec.to_builtins(plan)
    standing = next((item for item in registry.catalog.plans() if item.endpoint == name), None)
    if standing is None or standing.document != document:
        with registry.catalog.edit(actor=actor, why=why) as tx:
            tx.put_plan(name, document)


def _files(found: Loadable, folder: Path | None) -> OnnxFiles | NativeFiles:
    if folder is not None:
        return NativeFiles(found.manifest.flavor.name, found.manifest.flavor.format, str(folder))
    paths = (found.bundle.file(f"{found.folder}/{name}") for name in ("model.onnx", "variant.json"))
    graph, variant = (str(path) for path in paths)
    return OnnxFiles(graph, variant)
