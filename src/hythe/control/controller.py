"""The controller's process; the parent runs it as `python -m hythe.control.controller PLACE TALK SPEC`.

It moves rollouts while it holds the lease in the catalog; else it waits to take over. When it dies it is
started again and goes on, for all that a rollout is is in the catalog.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from hythe.base.clock import SystemClock
from hythe.control.spec import ControlSpec
from hythe.operations.rollouts.controller import run
from hythe.operations.rollouts.watched import holder_name
from hythe.registry.catalog import Catalog
from hythe.registry.registry import Registry
from hythe.runtime.parent import Parent

_BUSY_TIMEOUT_S = 5.0


def main(_place: int, talk: int, spec: int) -> int:
    """Move rollouts until the parent says stop, or is gone; gives the exit status."""
    config = ControlSpec.read(spec).config
    registry = Registry.open(Path(config.home), config.catalog, busy_timeout_s=_BUSY_TIMEOUT_S, makes=False)
    try:
        asyncio.run(_work(registry.catalog, Parent(talk)))
    finally:
        registry.close()
    return 0


async def _work(catalog: Catalog, parent: Parent) -> None:
    stop = threading.Event()
    moving = asyncio.create_task(asyncio.to_thread(run, catalog, SystemClock(), stop, holder=holder_name()))
    parent.ready()
    ending = asyncio.create_task(parent.says_stop(lambda: None))
    await asyncio.wait({moving, ending}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await moving
    ending.cancel()


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
