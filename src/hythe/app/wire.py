"""Configuration to objects: the only place that names concrete stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hythe.app.config import Config
from hythe.registry.catalog import Catalog
from hythe.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Here:
    """What a command works on: the registry of this home, and who is acting."""

    registry: Registry
    catalog: Catalog
    actor: str


@contextmanager
def opened(config: Config) -> Iterator[Here]:
    """Open the registry of `config`, and let go of its database at the end."""
    registry = Registry.open(config.home, config.catalog)
    try:
        yield Here(registry, registry.catalog, config.actor)
    finally:
        registry.close()
