"""The model that a user brings: an object in memory, a file, or `module:function`."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hythe.base.errors import HytheError, Invalid
from hythe.flavors.find import flavor_for, flavor_of
from hythe.flavors.known import known
from hythe.flavors.protocol import Flavor
from hythe.security.scan import require_safe

_CODE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Opened:
    """A model ready to be called. `digest` is that of the file it came from, or empty."""

    model: Any
    flavor: Flavor
    digest: str = ""


def open_model(source: Any, trusted: Container[str] = frozenset()) -> Opened:
    """Open a model; a file that could run a program is scanned before anything loads it.

    Raises:
        NotFound: when there is no such file.
        Unsupported: when no flavor knows the model or the file.
        Untrusted: when the file would run a stranger's program and its digest is not in `trusted`.
        Invalid: when the file cannot be read.

    """
    if isinstance(source, str) and _CODE.fullmatch(source) and not Path(source).exists():
        return Opened(source, flavor_of(source))
    if isinstance(source, str | Path):
        return _open_file(Path(source), trusted)
    return Opened(source, flavor_of(source))


def _open_file(path: Path, trusted: Container[str]) -> Opened:
    reader = flavor_for(path)
    digest = require_safe(path, known, trusted).digest if reader.runs(path) else ""
    try:
        model = reader.read(path)
    except HytheError:
        raise
    except Exception as err:
        message = f"{str(path)!r} cannot be read as a {reader.name} model: {err}; save the model again"
        raise Invalid(message) from err
    return Opened(model, flavor_of(model), digest)
