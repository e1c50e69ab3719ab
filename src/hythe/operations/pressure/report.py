"""What a load test found, as one document."""

from __future__ import annotations

import math

import msgspec

from hythe.operations.pressure.plan import Objective, Pressure
from hythe.operations.pressure.tally import Tally
from hythe.statistics.durations import Durations

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999}
_LATE_SHARE = 0.01
_BUSY = 0.95


class Failure(msgspec.Struct, frozen=True):
    """How often requests failed in one way, and what was said the first time."""

    kind: str
    count: int
    said: str


class Moment(msgspec.Struct, frozen=True):
    """One second of the run; `p99_ms` is None when nothing was answered in it."""

    second: int
    answered: int
    failed: int
    p99_ms: float | None


class Bin(msgspec.Struct, frozen=True):
    """How many answers took at most `up_to_ms`, and longer than the bin before."""

    up_to_ms: float
    count: int


class Generator(msgspec.Struct, frozen=True):
    """How the generator itself did.

    `late` requests were noticed more than `late_ms` after they were due; `waited` requests found every
    connection taken. `processor` is the share of one core that it used. `kept_pace` is false when the
    figures may say more about the generator than about the server.
    """

    late: int
    late_ms: float
    lag_p99_ms: float | None
    lag_max_ms: float
    waited: int
    processor: float
    kept_pace: bool


class Report(msgspec.Struct, frozen=True):
    """One run. Latency counts from the moment a request was due, `service` from when it really left.

    `offered` is how many requests were due, `achieved` the answers a second. Durations are milliseconds,
    None where there was no answer.
    """

    url: str
    rate: float
    arrivals: str
    connections: int
    elapsed_s: float
    offered: int
    sent: int
    answered: int
    failed: int
    achieved: float
    latency_ms: dict[str, float | None]
    service_ms: dict[str, float | None]
    failures: list[Failure]
    generator: Generator
    moments: list[Moment]
    histogram: list[Bin]
    objective: str | None = None
    holds: bool | None = None

    @property
    def failure_share(self) -> float:
        """The share of the requests that failed."""
        return self.failed / max(self.offered, 1)


def report(
    url: str, pressure: Pressure, tally: Tally, elapsed_s: float, objective: Objective | None = None
) -> Report:
    """Sum up a run, and judge it by an objective."""
    return Report(
        url=url,
        rate=pressure.rate,
        arrivals=pressure.arrivals,
        connections=pressure.connections,
        elapsed_s=elapsed_s,
        offered=tally.due,
        sent=tally.sent,
        answered=tally.answered,
        failed=tally.failed,
        achieved=tally.answered / elapsed_s,
        latency_ms=_figures(tally.latency),
        service_ms=_figures(tally.service),
        failures=_failures(tally),
        generator=_generator(pressure, tally),
        moments=[
            Moment(i, second.answered, second.failed, _ms(second.latency.quantile(0.99)))
            for i, second in enumerate(tally.seconds)
        ],
        histogram=_bins(tally.latency),
        objective=None if objective is None else str(objective),
        holds=None if objective is None else holds(objective, tally),
    )


def holds(objective: Objective, tally: Tally) -> bool:
    """Say whether a run met the objective: failures count as answers that never came."""
    if not tally.answered or tally.failed > objective.failures * tally.due:
        return False
    return tally.latency.quantile(objective.share) <= objective.limit_s


def _generator(pressure: Pressure, tally: Tally) -> Generator:
    return Generator(
        late=tally.late,
        late_ms=pressure.late_s * 1e3,
        lag_p99_ms=_ms(tally.lag.quantile(0.99)),
        lag_max_ms=tally.lag.longest_s * 1e3,
        waited=tally.waited,
        processor=round(tally.processor, 3),
        kept_pace=tally.late <= _LATE_SHARE * max(tally.due, 1) and tally.processor < _BUSY,
    )


def _failures(tally: Tally) -> list[Failure]:
    found = [Failure(kind, fault.count, fault.said) for kind, fault in tally.faults.items()]
    return sorted(found, key=lambda failure: -failure.count)


def _figures(durations: Durations) -> dict[str, float | None]:
    quantiles = {name: _ms(durations.quantile(share)) for name, share in SHARES.items()}
    longest = _ms(durations.longest_s) if durations.count else None
    return {"mean": _ms(durations.mean_s()), **quantiles, "max": longest}


def _bins(durations: Durations) -> list[Bin]:
    bins, before = [], 0
    for upper_s, passed in durations.cumulative():
        bins.append(Bin(round(upper_s * 1e3, 6), passed - before))
        before = passed
    return bins


def _ms(seconds: float) -> float | None:
    return None if math.isnan(seconds) else round(seconds * 1e3, 4)
