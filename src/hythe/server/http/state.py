"""What the doors of one worker share beside the data plane."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class State:
    """Whether this worker is about to end: readiness says no, and connections close after each answer."""

    draining: bool = False
