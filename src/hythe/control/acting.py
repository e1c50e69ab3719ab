"""A process of the control plane that acts by itself, until its parent says stop or is gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from hythe.control.spec import ControlSpec
from hythe.registry.registry import Registry
from hythe.runtime.parent import Parent

_BUSY_TIMEOUT_S = 5.0


def act(talk: int, spec: int, run: Callable[[Registry, threading.Event], None]) -> int:
    """Open the registry that the parent names and `run` in a thread until told to stop; give the status."""
    config = ControlSpec.read(spec).config
    registry = Registry.open(Path(config.home), config.catalog, busy_timeout_s=_BUSY_TIMEOUT_S, makes=False)
    try:
        asyncio.run(_work(registry, Parent(talk), run))
    finally:
        registry.close()
    return 0


async def _work(registry: Registry, parent: Parent, run: Callable[[Registry, threading.Event], None]) -> None:
    stop = threading.Event()
    acting = asyncio.create_task(asyncio.to_thread(run, registry, stop))
    parent.ready()
    ending = asyncio.create_task(parent.says_stop(lambda: None))
    await asyncio.wait({acting, ending}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await acting
    ending.cancel()
