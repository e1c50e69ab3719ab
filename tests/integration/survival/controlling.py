"""A controller in a process of its own, which may be told to die at a move of a rollout.

Run as `python -m tests.integration.survival.controlling HOME CATALOG HOLDER [before|after]`: with the last
word it kills itself right before, or right after, it commits a plan together with a rollout.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from hythe.base.clock import SystemClock
from hythe.operations.rollouts.controller import run
from hythe.registry.edit import Edit
from hythe.registry.registry import Registry

TURN_S, LEASE_S = 0.1, 1.0


def die(when: str) -> None:
    """Have this process kill itself at its first move, so many instructions before or after the commit."""
    moving = threading.Event()
    put: Callable[..., Any] = Edit.put_rollout
    commit: Callable[..., Any] = DefaultDialect.do_commit

    def noted(self: Edit, *arguments: Any) -> Any:
        moving.set()
        return put(self, *arguments)

    def killed(self: DefaultDialect, connection: Any) -> None:
        if when == "after" or not moving.is_set():
            commit(self, connection)
        if moving.is_set():
            os.kill(os.getpid(), signal.SIGKILL)

    _replace(Edit, "put_rollout", noted)
    _replace(DefaultDialect, "do_commit", killed)


def _replace(owner: type, name: str, function: Callable[..., Any]) -> None:
    setattr(owner, name, function)


def main(home: str, catalog: str, holder: str, when: str = "") -> int:
    """Move rollouts until somebody says stop."""
    if when:
        die(when)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    registry = Registry.open(Path(home), catalog, busy_timeout_s=5.0, makes=False)
    try:
        run(registry.catalog, SystemClock(), stop, holder=holder, turn_s=TURN_S, lease_s=LEASE_S)
    finally:
        registry.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
