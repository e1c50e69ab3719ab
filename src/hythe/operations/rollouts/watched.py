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


def controller_seen(catalog: Catalog) -> bool:
    """Tell whether a controller holds the lease, and is not known to have died.

    One that ended in order gave the lease back. Of one on this machine that was killed the process is gone;
    one elsewhere gets the benefit of the doubt, for no clock says when it was there last.

    Raises:
        Unavailable: when the catalog is gone.

    """
    machine, _, rest = catalog.leases.read(LEASE).holder.partition(" ")
    process = rest.partition(" ")[0]
    here = machine == socket.gethostname() and process.isdecimal()
    return bool(machine) and (not here or (_PROCESSES / process).exists())
