"""A circuit breaker: a version that keeps failing is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from hythe.base.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """Open after `failures` calls in a row failed; try again after `rest_s`, doubling to the most."""

    failures: int = 5
    rest_s: float = 1.0
    most_rest_s: float = 30.0

    def __post_init__(self) -> None:
        if self.failures < 1 or not 0 < self.rest_s <= self.most_rest_s:
            raise Invalid(
                f"the breaker has failures {self.failures}, rest_s {self.rest_s} and most_rest_s "
                f"{self.most_rest_s}; give 1 or more, and 0 < rest_s <= most_rest_s"
            )


class Breaker:
    """Counts failures in a row; Nygard 2007, Release It!, "Circuit Breaker": closed, open, half open.

    >>> now = [0.0]
    >>> breaker = Breaker(BreakerPolicy(failures=2), clock=lambda: now[0])
    >>> breaker.failed(), breaker.failed(), breaker.allows()
    (None, None, False)
    >>> now[0] = 1.0
    >>> breaker.allows(), breaker.allows()
    (True, False)
    >>> breaker.succeeded(), breaker.allows()
    (None, True)
    """

    __slots__ = ("_clock", "_policy", "_rest_s", "_row", "_until")

    def __init__(
        self, policy: BreakerPolicy | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._policy = policy or BreakerPolicy()
        self._clock = clock
        self._row = 0
        self._rest_s = self._policy.rest_s
        self._until = 0.0

    @property
    def open(self) -> bool:
        """Whether calls are kept away."""
        return self._row >= self._policy.failures

    @property
    def wait_s(self) -> float:
        """Seconds until a call may try; 0 when it may now."""
        return max(0.0, self._until - self._clock()) if self.open else 0.0

    def allows(self) -> bool:
        """Tell whether a call may go; while half open, one at a time tries."""
        if not self._row or not self.open:
            return True
        now = self._clock()
        if now < self._until:
            return False
        self._until = now + self._rest_s  # nobody else until this one is heard of, or for that long
        return True

    def succeeded(self) -> None:
        """Note a call that was answered."""
        if self._row:
            self._row = 0
            self._rest_s = self._policy.rest_s

    def failed(self) -> None:
        """Note a call that failed by the version's fault."""
        self._row += 1
        if self._row > self._policy.failures:
            self._rest_s = min(2 * self._rest_s, self._policy.most_rest_s)
        if self.open:
            self._until = self._clock() + self._rest_s
