"""What the sidecar has to know of an endpoint's plan, to count its requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from hythe.monitor.windows.score import Score


@dataclass(frozen=True, slots=True)
class Followed:
    """How predictions are scored, whether keys count in place of requests, which share is kept for feedback.

    Keys count while a rollout draws by them. `join_share` is None where the server's counts. An endpoint is
    `moving` while it has more than one arm or is copied from: somebody waits for what is counted.
    """

    score: Score | None = None
    keyed: bool = False
    join_share: float | None = None
    moving: bool = False


_NOTHING = Followed()
Follow: TypeAlias = Callable[[str], Followed]


def follow_nothing(_endpoint: str) -> Followed:
    """Know of no plan."""
    return _NOTHING
