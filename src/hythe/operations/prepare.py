"""A version made ready to serve: bytes checked, goldens replayed, files where processes find them."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.base.errors import Corrupt
from hythe.base.progress import Progress
from hythe.bundle.goldens import Goldens
from hythe.bundle.manifest import NATIVE
from hythe.dataplane.spec import NativeFiles, OnnxFiles, VersionSpec
from hythe.operations.find import Loadable, find
from hythe.operations.layout import UNPACKED, onnx_paths
from hythe.operations.load import attempt, unpacked
from hythe.operations.observing import observable
from hythe.operations.placing import Placing
from hythe.operations.prepared import Prepared
from hythe.registry.registry import Registry


def prepare(
    registry: Registry,
    ref: str,
    variant: str | None = None,
    *,
    digest: str = "",
    owner: int | None = None,
    placing: Placing | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Check a version's bytes, replay its goldens, and give what serves it.

    What has to lie in a folder is unpacked for the server whose parent is the process `owner` (this one,
    when left out), until `remove_unpacked`.

    Raises:
        Corrupt: when the version does not answer as it did when packed, or is not the one with `digest`.
        NotFound, Unsupported, Untrusted: when it cannot be loaded.
        Unavailable: when the environment of its lock is needed and cannot be built.

    """
    found = find(registry, ref, variant)
    if digest and found.record.digest != digest:
        raise Corrupt(
            f"{found.record.ref} is {found.record.digest}, but the plan says {digest}; put it again"
        )
    found.bundle.verify()
    with attempt(found, registry.home, placing, progress) as tried:
        tried.check()
    files = _files(found, registry.home, owner or os.getpid(), tried.place.python)
    version = VersionSpec(found.record.version, found.record.digest, found.manifest.schema, files)
    example = example_row(found.goldens())
    notices = tuple(filter(None, (found.record.notice, tried.place.notice)))
    return Prepared(found.record.name, observable(version, found), example, notices)


def remove_unpacked(home: Path, owner: int) -> None:
    """Remove what was unpacked for a server."""
    for folder in (home / UNPACKED).glob(f"{_owned(owner)}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def example_row(goldens: Goldens) -> dict[str, Any] | None:
    """Take a stored row that the model answers, as JSON values, to show callers; None for tensors.

    Rows of the example data come first, and among them those without gaps.
    """
    answered = np.flatnonzero(~goldens.outcome.refused)
    if not isinstance(goldens.rows, pa.Table) or not answered.size:
        return None
    odd = np.array([goldens.kinds[i] != "example" for i in answered])
    first = answered[np.lexsort((_gaps(goldens.rows)[answered], odd))[0]]
    return _plain(goldens.rows.slice(int(first), 1).to_pylist()[0])


def _gaps(rows: pa.Table) -> NDArray[np.int64]:
    """Count the cells of each row for which JSON has no word."""
    counts = np.zeros(rows.num_rows, dtype=np.int64)
    for column in rows.columns:
        if pa.types.is_floating(column.type):
            counts += ~np.isfinite(column.to_numpy())
        elif column.null_count:
            counts += column.is_null().to_numpy()
    return counts


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Write what JSON has no word for as null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _files(found: Loadable, home: Path, owner: int, python: str) -> OnnxFiles | NativeFiles:
    if found.variant == NATIVE:
        flavor = found.manifest.flavor
        folder = unpacked(found, home, _owned(owner))
        return NativeFiles(flavor.name, flavor.format, str(folder), python)
    paths = onnx_paths(found.bundle, found.folder, home, found.record.name, _owned(owner))
    return OnnxFiles(str(paths.graph), str(paths.variant))


def _owned(owner: int) -> str:
    """Begin the names of a server's folders: with its process, and with what no model's name has in it."""
    return f"{owner}-@"
