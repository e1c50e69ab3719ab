"""Running a load test, and searching for the highest rate that holds an objective."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import msgspec
import uvloop

from hythe.operations.pressure.engine import Engine
from hythe.operations.pressure.plan import Objective, Pressure
from hythe.operations.pressure.report import SHARES, Report, report
from hythe.operations.pressure.tally import Tally
from hythe.operations.pressure.target import Target

Progress = Callable[[Tally, float], None]
_GROWTH = 2.0
_CLOSE = 1.05
_MOST_TRIALS = 24


class Search(msgspec.Struct, frozen=True):
    """The highest rate that held the objective, 0 when none did, and every trial.

    `limited_by` is `server`, or `generator` when the search ended because requests left late.
    """

    objective: str
    rate: float
    limited_by: str
    trials: list[Report]


def run(
    target: Target,
    pressure: Pressure,
    objective: Objective | None = None,
    progress: Progress = lambda *_: None,
) -> Report:
    """Run one load test; Ctrl-C ends it early, and what was measured is reported.

    Raises:
        Unavailable: when nobody answers at the start.

    """

    async def go() -> Report:
        engine = Engine(target, pressure, progress)
        with _interruptible(engine):
            tally = await engine.run()
        return report(target.url, pressure, tally, engine.elapsed_s, objective)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(go())


def search(trial: Callable[[float], Report], objective: Objective, first_rate: float) -> Search:
    """Double the rate until a trial fails the objective, then halve the gap until it is within 5%.

    A trial that failed because the generator did not keep pace ends the search: the server was not at fault.
    """
    trials: list[Report] = []
    good, bad = 0.0, 0.0
    rate = first_rate
    while len(trials) < _MOST_TRIALS and (not bad or bad / max(good, 1.0) > _CLOSE):
        found = trial(rate)
        trials.append(found)
        if found.holds:
            good = rate
        elif not found.generator.kept_pace and _server_was_quick(found, objective):
            return Search(str(objective), good, "generator", trials)
        else:
            bad = rate
        rate = (good + bad) / 2 if bad else rate * _GROWTH
    return Search(str(objective), good, "server", trials)


def find(
    target: Target,
    pressure: Pressure,
    objective: Objective,
    told: Callable[[Report], None],
    progress: Progress,
) -> Search:
    """Search for the highest rate that holds the objective, each trial as long as `pressure` says."""

    def trial(rate: float) -> Report:
        found = run(target, replace(pressure, rate=rate), objective, progress)
        told(found)
        return found

    return search(trial, objective, pressure.rate)


def _server_was_quick(found: Report, objective: Objective) -> bool:
    """Say whether the requests themselves held the objective, once they had left."""
    above = [found.service_ms[name] for name, share in SHARES.items() if share >= objective.share]
    slowest = above[0] if above else found.service_ms["max"]
    return not found.failed and slowest is not None and slowest <= objective.limit_s * 1e3


@contextmanager
def _interruptible(engine: Engine) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, engine.stop)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
