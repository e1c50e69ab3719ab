"""When to ask again: waits with jitter, the server's own wish, and a budget for all calls together."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from hythe.base.errors import Invalid

RETRIES_PER_REQUEST = 0.2
_AT_ONCE = 50.0
_MOST_SAVED = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one call may take in all, and how it is tried again.

    Waits follow exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", AWS
    Architecture Blog, 2015): uniform between 0 and `first_s` · 2ⁿ, at most `most_s`.
    """

    timeout_s: float = 30.0
    retries: int = 3
    connect_s: float = 5.0
    first_s: float = 0.05
    most_s: float = 5.0

    def __post_init__(self) -> None:
        if not self.timeout_s > 0 or not self.connect_s > 0:
            raise Invalid(f"timeout_s is {self.timeout_s}, connect_s {self.connect_s}; give more than 0")
        if self.retries < 0:
            raise Invalid(f"retries is {self.retries}; give 0 or more")
        if not 0 <= self.first_s <= self.most_s:
            raise Invalid(
                f"waits from {self.first_s} to {self.most_s} s; give 0 ≤ first_s and first_s ≤ most_s"
            )

    def wait_s(self, failures: int, draw: float) -> float:
        """Give the seconds to wait after so many failures in a row; `draw` is uniform in 0 to 1.

        >>> Patience(first_s=0.1, most_s=1.0).wait_s(3, draw=0.5)
        0.2
        """
        return draw * min(self.most_s, self.first_s * math.ldexp(1.0, min(failures, 60) - 1))


class Budget:
    """Keeps retries a small share of the traffic, so that they do not finish off a server in trouble.

    Every call saves `per_request` of a retry and every retry spends one, as in Finagle's RetryBudget and
    gRPC's retry throttling (gRFC A6): in any stretch of n calls there are at most `at_once` + 0.2·n retries
    more than had been saved before it. `most` bounds what can be saved.

    >>> budget = Budget(per_request=0.5, at_once=1)
    >>> [budget.spend(), budget.spend()]
    [True, False]
    >>> budget.save(); budget.save(); budget.spend()
    True
    """

    def __init__(
        self, per_request: float = RETRIES_PER_REQUEST, at_once: float = _AT_ONCE, most: float = _MOST_SAVED
    ) -> None:
        self._per_request = per_request
        self._most = most
        self._saved = at_once
        self._lock = threading.Lock()

    def save(self) -> None:
        """Count a call."""
        with self._lock:
            self._saved = min(self._most, self._saved + self._per_request)

    def spend(self) -> bool:
        """Say whether a retry may be made, and count it."""
        with self._lock:
            if self._saved < 1.0:
                return False
            self._saved -= 1.0
            return True


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """Read a `Retry-After` header, seconds or an HTTP date (RFC 9110, 10.2.3); None when there is none.

    >>> retry_after_s("7", datetime(2026, 1, 1, tzinfo=UTC))
    7.0
    >>> retry_after_s("Thu, 01 Jan 2026 00:00:03 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    3.0
    """
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
