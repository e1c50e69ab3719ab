"""What a skops archive names, read without skops."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from hythe.flavors.canonical_skops import nodes
from hythe.flavors.known import known
from hythe.security.skops_types import refused_types


def globals_of(archive: bytes) -> Iterator[tuple[str, str]]:
    """Name the module and name of each type in the archive."""
    for node in nodes(_schema(archive)):
        if isinstance(node.get("__module__"), str):
            yield node["__module__"], node["__class__"]


def refusals(archive: bytes) -> Iterator[str]:
    """Name the types that no built-in flavor knows."""
    yield from dict.fromkeys(refused_types(_schema(archive), known))


def _schema(archive: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return json.loads(source.read("schema.json"))
