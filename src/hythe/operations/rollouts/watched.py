"""Whether anybody moves rollouts, as far as the catalog and this machine know."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from hythe.base.ids import uuid7
from hythe.operations.rollouts.controller import LEASE
from hythe.registry.catalog import Catalog

_PROCESSES = Path("/proc")


def holder_name() -> str:
    """Name this process, as no other one is named: its machine, its id, and what no later one repeats."""
    return f"{socket.gethostname()} {os.getpid()} {uuid7()}"


def controller_at_work(catalog: Catalog) -> str:
    """Name the process that moves rollouts, "" for none; see `at_work`."""
    return at_work(catalog, LEASE)


def at_work(catalog: Catalog, lease: str) -> str:
    """Name the process that has a lease, "" for none: its holder, unless that is known to be dead.

    One that ended in order gave the lease back. Of one on this machine that was killed the process is gone;
    one elsewhere gets the benefit of the doubt, for no clock says when it was there last.

    Raises:
        Unavailable: when the catalog is gone.

    """
    holder = catalog.leases.read(lease).holder
    machine, _, rest = holder.partition(" ")
    process = rest.partition(" ")[0]
    here = machine == socket.gethostname() and process.isdecimal()
    return "" if here and not (_PROCESSES / process).exists() else holder


def controller_seen(catalog: Catalog) -> bool:
    """Tell whether anybody moves rollouts; see `controller_at_work`."""
    return bool(controller_at_work(catalog))


def unattended(catalog: Catalog) -> tuple[str, ...]:
    """Give the notice that nobody moves rollouts; nothing where somebody does."""
    if controller_seen(catalog):
        return ()
    return ("no controller is at work, so nothing moves by itself; start one: hythe up, or hythe control",)
