"""The rows that a version stores, as JSON values: something real to send."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa

from hythe.base.errors import Unsupported
from hythe.bundle.goldens import Goldens
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.registry.registry import Registry

_USUAL = "example"


def stored_rows(registry: Registry, ref: str) -> list[dict[str, Any]]:
    """Give the goldens that the model answers and JSON can write: those of the example data, if any.

    Raises:
        NotFound: when there is no such version.
        Unsupported: when it stores tensors, or no row that it answers.

    """
    bundle = registry.bundle(ref)
    goldens = Goldens.decode(bundle.read(Manifest.decode(bundle.read(MANIFEST)).goldens))
    if not isinstance(goldens.rows, pa.Table):
        raise Unsupported(f"{ref} takes tensors; give rows with --data")
    found = [
        (kind, row)
        for kind, row, refused in zip(
            goldens.kinds, goldens.rows.to_pylist(), goldens.outcome.refused, strict=True
        )
        if not refused and all(not isinstance(cell, float) or math.isfinite(cell) for cell in row.values())
    ]
    usual = [row for kind, row in found if kind == _USUAL]
    if not found:
        raise Unsupported(f"{ref} stores no row that it answers; give rows with --data")
    return usual or [row for _, row in found]
