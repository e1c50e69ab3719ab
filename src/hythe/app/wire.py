"""Configuration to objects: the only place that names concrete stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hythe.app.config import Config
from hythe.registry.catalog import Catalog
from hythe.registry.registry import Registry

if TYPE_CHECKING:
    from hythe.registry.remote.client import RegistryClient


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


@contextmanager
def remote(reference: str, *, plain_http: bool = False) -> Iterator[RegistryClient]:
    """Open a client of the registry that `oci://…` names, with this machine's credentials for it."""
    import os
    from pathlib import Path

    from hythe.registry.remote.client import RegistryClient
    from hythe.registry.remote.credentials import find_credentials
    from hythe.registry.remote.reference import parse_remote

    ref = parse_remote(reference)
    credentials = find_credentials(ref.host, os.environ, Path.home())
    client = RegistryClient(ref, credentials, plain_http=plain_http)
    try:
        yield client
    finally:
        client.close()
