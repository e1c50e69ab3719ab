"""The checks that are installed: entry points in the group `hythe.monitor_checks`, ours among them."""

from __future__ import annotations

from hythe.base.installed import installed
from hythe.monitor.period import Check

GROUP = "hythe.monitor_checks"


def declared() -> tuple[Check, ...]:
    """Load every check that is installed, by name.

    Raises:
        Unsupported: when one cannot be loaded.

    """
    return installed(GROUP, "check")
