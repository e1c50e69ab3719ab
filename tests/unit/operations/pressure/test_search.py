"""The search for the highest rate, against servers of which the capacity is known."""

import pytest

from hythe.operations.pressure.plan import Objective, Pressure
from hythe.operations.pressure.report import Report, report
from hythe.operations.pressure.run import search
from hythe.operations.pressure.tally import Tally

GOAL = Objective(0.99, 0.02)


def trial(rate: float, latency_s: float, *, late: int = 0, service_s: float | None = None) -> Report:
    tally = Tally(due=1000, sent=1000, late=late)
    for _ in range(1000):
        tally.answer(0, latency_s, latency_s if service_s is None else service_s)
    return report("http://here", Pressure(rate=rate), tally, 1.0, GOAL)


@pytest.mark.parametrize("capacity", [150.0, 999.0, 5000.0])
def test_the_rate_is_found_within_five_percent(capacity: float) -> None:
    found = search(lambda rate: trial(rate, 0.001 if rate <= capacity else 1.0), GOAL, 100.0)
    assert capacity / 1.05 <= found.rate <= capacity
    assert found.limited_by == "server"
    assert len(found.trials) <= 24


def test_a_first_rate_that_is_too_high_is_halved() -> None:
    found = search(lambda rate: trial(rate, 0.001 if rate <= 30 else 1.0), GOAL, 1000.0)
    assert 30 / 1.05 <= found.rate <= 30


def test_the_limit_of_the_generator_is_not_taken_for_the_servers() -> None:
    def of(rate: float) -> Report:
        return trial(rate, 0.001) if rate <= 1000 else trial(rate, 1.0, late=900, service_s=0.001)

    found = search(of, GOAL, 500.0)
    assert (found.rate, found.limited_by) == (1000.0, "generator")


def test_a_server_that_never_holds_has_no_rate() -> None:
    found = search(lambda rate: trial(rate, 1.0), GOAL, 100.0)
    assert found.rate == 0.0
