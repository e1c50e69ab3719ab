"""What the doors of one worker share beside the data plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class State:
    """Whether this worker is about to end: readiness says no, and connections close after each answer.

    `notices` gives what operators should know of what is served.
    """

    draining: bool = False
    notices: Callable[[], tuple[str, ...]] = tuple
