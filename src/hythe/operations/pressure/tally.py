"""What a load test counts while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from hythe.statistics.durations import Durations

_MOST_WORDS = 200


@dataclass(slots=True)
class Second:
    """One second of the test, by when the answers came."""

    answered: int = 0
    failed: int = 0
    latency: Durations = field(default_factory=Durations)


@dataclass(slots=True)
class Fault:
    """One kind of failure, with what was said the first time."""

    count: int = 0
    said: str = ""


@dataclass(slots=True)
class Tally:
    """Counts of one run; every latency is from the moment at which the request was due.

    `service` is from the moment at which it really left. `lag` is how late the generator noticed that a
    request was due, and `late` counts where that was too late; `waited` counts requests that were due while
    every connection was taken. `processor` is the share of one core that the generator used.
    """

    due: int = 0
    sent: int = 0
    answered: int = 0
    failed: int = 0
    late: int = 0
    waited: int = 0
    processor: float = 0.0
    latency: Durations = field(default_factory=Durations)
    service: Durations = field(default_factory=Durations)
    lag: Durations = field(default_factory=Durations)
    faults: dict[str, Fault] = field(default_factory=dict)
    seconds: list[Second] = field(default_factory=list)

    def answer(self, second: int, latency_s: float, service_s: float) -> None:
        """Count an answer."""
        now = self._second(second)
        now.answered += 1
        now.latency.record(latency_s)
        self.answered += 1
        self.latency.record(latency_s)
        self.service.record(service_s)

    def fault(self, second: int, kind: str, said: str = "") -> None:
        """Count a failure of a kind such as `429 busy`, `dropped` or `timed out`."""
        self._second(second).failed += 1
        self.failed += 1
        found = self.faults.setdefault(kind, Fault(said=said[:_MOST_WORDS]))
        found.count += 1

    def _second(self, second: int) -> Second:
        while len(self.seconds) <= second:
            self.seconds.append(Second())
        return self.seconds[second]
