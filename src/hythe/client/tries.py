"""One call's tries, without any I/O: what may be repeated, how often, after what wait, and until when.

Repeated are: a try that reached nobody; and, for calls that may be made twice (a prediction changes
nothing), a connection that broke with the request inside, and the answers 429, 502, 503 and 504.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hythe.base.clock import Clock
from hythe.base.errors import HytheError, TimedOut, Unavailable
from hythe.client.faults import fault
from hythe.client.retry import Budget, Patience, retry_after_s
from hythe.client.stats import Stats

_OK = 200
_AGAIN = frozenset({429, 502, 503, 504})
DEADLINE_HEADER = "hythe-timeout-ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as the user means it; `repeatable` when making it twice does no harm."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    accept: frozenset[int] = frozenset({_OK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the calls of one client share."""

    url: str
    patience: Patience
    clock: Clock
    random: Callable[[], float]
    had_key: bool
    budget: Budget = field(default_factory=Budget)
    stats: Stats = field(default_factory=Stats)


class Tries:
    """The tries of one call.

    Before each: `left_s` and `headers`. After each: `answered`, `unreached`, `dropped` or `late`; these give
    the seconds to wait before the next try, or raise what the user should see.
    """

    def __init__(self, call: Call, desk: Desk, retries: int | None = None) -> None:
        self.call = call
        self._desk = desk
        self._retries = desk.patience.retries if retries is None else retries
        self._end_s = desk.clock.monotonic_s() + desk.patience.timeout_s
        self._failures = 0
        self._spared = False
        self.connected = False
        desk.budget.save()
        desk.stats.count("calls")

    def left_s(self) -> float:
        """Give the seconds until the call's deadline; raises TimedOut when it is over."""
        left = self._end_s - self._desk.clock.monotonic_s()
        if left <= 0:
            raise self.late()
        return left

    def headers(self, left_s: float) -> dict[str, str]:
        """Give the headers of the next try, and count it; the server is told how much time is left."""
        self.connected = False
        self._desk.stats.count("tries", *(["repeated"] if self._failures or self._spared else []))
        return {**self.call.headers, DEADLINE_HEADER: str(max(1, int(left_s * 1000)))}

    def note(self, event: str) -> None:
        """Hear what happens on the wire: whether the try opened a connection or found an old one."""
        if event == "connection.connect_tcp.started":
            self.connected = True

    def answered(self, status: int, headers: Mapping[str, str], body: bytes) -> float | None:
        """Judge a reply: None when it is what was asked for, else the seconds until the next try."""
        if status in self.call.accept:
            return None
        wished = retry_after_s(headers.get("retry-after"), self._desk.clock.now())
        err = fault(status, body, wished, had_key=self._desk.had_key)
        if status not in _AGAIN:
            raise self._given_up(err)
        self._desk.stats.count("turned_away")
        return self._wait(err, repeatable=self.call.repeatable, wished_s=wished)

    def unreached(self, why: Exception) -> float:
        """Judge a try that found nobody: nothing was sent, so any call may be repeated."""
        self._desk.stats.count("unreached")
        message = f"{self._desk.url} does not answer: {why}; is a server running there?"
        return self._wait(_because(Unavailable(message), why), repeatable=True)

    def dropped(self, why: Exception) -> float:
        """Judge a connection that broke.

        On a connection that had been used before, the server may just have closed it for being idle: the
        first such break of a call is repeated at once, whatever the number of retries.
        """
        self._desk.stats.count("dropped")
        if not self.connected and not self._spared and self.call.repeatable:
            self._spared = True
            return 0.0
        message = f"{self._desk.url} closed the connection before it answered: {why}; ask again"
        return self._wait(_because(Unavailable(message), why), repeatable=self.call.repeatable)

    def late(self) -> TimedOut:
        """Make the error of a call whose time is over."""
        limit = self._desk.patience.timeout_s
        err = TimedOut(f"{self._desk.url} gave no answer within {limit:g} s; give a longer timeout_s")
        self._given_up(err)
        return err

    def _wait(self, err: HytheError, *, repeatable: bool, wished_s: float | None = None) -> float:
        self._failures += 1
        desk = self._desk
        if not repeatable or self._failures > self._retries:
            raise self._given_up(err)
        wait = desk.patience.wait_s(self._failures, desk.random())
        if wished_s is not None:  # jitter on top: those that were told the same do not return together
            wait += wished_s
        if desk.clock.monotonic_s() + wait >= self._end_s:
            raise self._given_up(err)
        if not desk.budget.spend():
            desk.stats.count("out_of_budget")
            raise self._given_up(err)
        return wait

    def _given_up(self, err: HytheError) -> HytheError:
        self._desk.stats.count("failed")
        if self._failures > 1:
            err.add_note(f"tried {self._failures} times")
        return err


def _because(err: HytheError, why: Exception) -> HytheError:
    err.__cause__ = why
    return err
