"""The checks that are installed: entry points in the group `hythe.monitor_checks`, ours among them."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points

from hythe.base.errors import Unsupported
from hythe.monitor.period import Check

GROUP = "hythe.monitor_checks"


@lru_cache(maxsize=1)
def declared() -> tuple[Check, ...]:
    """Load every check that is installed, by name.

    Raises:
        Unsupported: when one cannot be loaded.

    """
    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            found.append(point.load()())
        except Exception as err:
            raise Unsupported(
                f"the check {point.name!r} ({point.value}) cannot be loaded: {err}; reinstall its package"
            ) from err
    return tuple(found)
