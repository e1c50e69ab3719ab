"""The monitor's process; the parent runs it as `python -m hythe.control.monitor PLACE TALK SPEC`.

It looks at periods that ended, and tells of alerts, while it holds the leases in the catalog; else it waits
to take over. When it dies it is started again, looks at what is not looked at yet, and at nothing twice. It
is a process of its own so that a thousand features keep no rollout waiting.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from hythe.base.clock import SystemClock
from hythe.control.acting import act
from hythe.operations.alerts.loop import run as tell
from hythe.operations.monitoring.turn import run as monitor
from hythe.operations.rollouts.watched import holder_name
from hythe.registry.registry import Registry


def main(_place: int, talk: int, spec: int) -> int:
    """Monitor and tell until the parent says stop, or is gone; gives the exit status."""
    return act(talk, spec, _both)


def _both(registry: Registry, stop: threading.Event) -> None:
    """Do both at once, so that no receiver keeps a period waiting; a fault of either ends the process."""
    clock, holder = SystemClock(), holder_name()
    with ThreadPoolExecutor(2) as pool:
        doing = [
            pool.submit(monitor, registry, clock, stop, holder=holder),
            pool.submit(tell, registry.catalog, clock, stop, holder=holder),
        ]
        wait(doing, return_when=FIRST_COMPLETED)
        stop.set()
    for each in doing:
        each.result()


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
