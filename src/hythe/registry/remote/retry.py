"""When to ask a registry again, and how long to wait before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from hythe.base.errors import Invalid, Unavailable

AGAIN = frozenset({429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed later."""


class Passing(Unavailable):
    """A fault that may pass: no connection, a cut, a busy registry."""

    def __init__(self, message: str, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits that double from `first_s` up to `longest_s`, for `attempts` tries without progress."""

    attempts: int = 5
    first_s: float = 0.5
    longest_s: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first_s < 0 or self.longest_s < self.first_s:
            raise Invalid(f"{self} makes no sense; use 1 attempt or more and waits from 0")

    def wait_s(self, failures: int, retry_after: str | None, now: Callable[[], datetime]) -> float:
        """Give the seconds to wait after so many failures in a row; the registry's own wish comes first.

        >>> Backoff().wait_s(3, None, datetime.now), Backoff().wait_s(1, "7", datetime.now)
        (2.0, 7.0)
        """
        wished = _seconds(retry_after, now) if retry_after else None
        if wished is not None:
            return min(max(wished, 0.0), self.longest_s)
        return min(self.first_s * 2.0 ** (failures - 1), self.longest_s)


def _seconds(retry_after: str, now: Callable[[], datetime]) -> float | None:
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return float((parsedate_to_datetime(retry_after) - now()).total_seconds())
    except (TypeError, ValueError):
        return None
