"""The monitor's process; the parent runs it as `python -m hythe.control.monitor PLACE TALK SPEC`.

It looks at periods that ended while it holds the lease in the catalog; else it waits to take over. When it
dies it is started again, looks at what is not looked at yet, and at nothing twice. It is a process of its
own so that a thousand features keep no rollout waiting.
"""

from __future__ import annotations

import sys

from hythe.base.clock import SystemClock
from hythe.control.acting import act
from hythe.operations.monitoring.turn import run
from hythe.operations.rollouts.watched import holder_name


def main(_place: int, talk: int, spec: int) -> int:
    """Monitor until the parent says stop, or is gone; gives the exit status."""
    return act(talk, spec, lambda registry, stop: run(registry, SystemClock(), stop, holder=holder_name()))


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
