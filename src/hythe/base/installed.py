"""What packages add to Hythe: entry points of one group, ours among them, made when they are first needed."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from hythe.base.errors import Unsupported


@lru_cache(maxsize=8)
def installed(group: str, what: str) -> tuple[Any, ...]:
    """Load and make everything that is installed in a group, by name; `what` is what a message calls it.

    Raises:
        Unsupported: when one cannot be loaded, or cannot be made without arguments.

    >>> installed("hythe.nothing_such", "detector")
    ()
    """
    found = []
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        try:
            found.append(point.load()())
        except Exception as err:
            raise Unsupported(
                f"the {what} {point.name!r} ({point.value}) cannot be loaded: {err}; reinstall its package"
            ) from err
    return tuple(found)
