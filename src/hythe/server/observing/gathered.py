"""What the sidecar took from the rings since it last brought something away."""

from __future__ import annotations

from dataclasses import dataclass, field

from hythe.monitor.outcomes.first_requests import KeyOutcome
from hythe.monitor.outcomes.join import Join
from hythe.monitor.windows.shadows import Disagreement
from hythe.monitor.windows.window import Window
from hythe.registry.feedback import FeedbackRecord


@dataclass(slots=True, kw_only=True)
class Gathered:
    """All of it; `positions` say, by ring, up to where it reaches."""

    windows: list[Window] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    differences: list[Disagreement] = field(default_factory=list)
    feedback: list[FeedbackRecord] = field(default_factory=list)
    outcomes: list[KeyOutcome] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
