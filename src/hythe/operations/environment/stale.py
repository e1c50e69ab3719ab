"""Environments that no version needs any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hythe.bundle.lock import Lock
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.operations.environment.build import FOLDER, HALF_BUILT, LOCK
from hythe.operations.environment.recipe import Recipe
from hythe.registry.registry import Registry
from hythe.runtime.native.in_use import in_use, is_locked


def stale(registry: Registry) -> list[Path]:
    """List the environments that no version's lock asks for, nobody runs in and nobody builds.

    Raises:
        Corrupt: when a version's lock cannot be read, so that nobody knows what it needs.

    """
    place = registry.home / FOLDER
    if not place.is_dir():
        return []
    wanted = set(_wanted(registry))
    return [path for path in place.iterdir() if _is_stale(path, wanted)]


def _wanted(registry: Registry) -> Iterator[str]:
    for record in registry.catalog.all_versions():
        bundle = registry.bundle(record.ref)
        manifest = Manifest.decode(bundle.read(MANIFEST))
        if manifest.lock:
            yield Recipe.of(Lock.decode(bundle.read(manifest.lock))).key


def _is_stale(path: Path, wanted: set[str]) -> bool:
    key = path.name.removesuffix(HALF_BUILT)
    # Lock files stay: one that were removed and made again would let two builders in.
    if path.suffix == LOCK or _being_built(path.with_name(f"{key}{LOCK}")):
        return False
    return path.name != key or (key not in wanted and not in_use(path))


def _being_built(lock: Path) -> bool:
    try:
        return is_locked(lock)
    except FileNotFoundError:
        return False
