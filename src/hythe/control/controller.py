"""The controller's process; the parent runs it as `python -m hythe.control.controller PLACE TALK SPEC`.

It moves rollouts while it holds the lease in the catalog; else it waits to take over. When it dies it is
started again and goes on, for all that a rollout is is in the catalog.
"""

from __future__ import annotations

import sys

from hythe.base.clock import SystemClock
from hythe.control.acting import act
from hythe.operations.rollouts.controller import run
from hythe.operations.rollouts.watched import holder_name


def main(_place: int, talk: int, spec: int) -> int:
    """Move rollouts until the parent says stop, or is gone; gives the exit status."""
    return act(
        talk,
        spec,
        lambda registry, stop: run(registry.catalog, SystemClock(), stop, holder=holder_name()),
    )


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
