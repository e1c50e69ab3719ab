"""A candidate that has all traffic is held against the champion's time before."""

from __future__ import annotations

import numpy as np
import pytest

from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import Durations, GuardData
from hythe.rollout.state import Basis
from hythe.rollout.watched import ALONE, watch
from hythe.statistics.evidence.sums import Arms, Sums

NOTHING = Sums(0, 0, 0)
BOUNDS = tuple((1e-3 * 10 ** (np.arange(60) / 20)).tolist())


def hits(n: int, total: float) -> GuardData:
    return GuardData(split={ALONE: Arms(NOTHING, Sums.hits(n, total))}, share=ALONE)


def verdict(guard: Guard, data: GuardData, basis: Basis) -> str:
    return watch(guard, data, alpha_worse=0.01, alpha_fine=0.05, basis=basis).verdict


@pytest.mark.parametrize(
    ("metric", "rate", "expected"),
    [
        ("error_rate", 0.01, "fine"),
        ("error_rate", 0.06, "worse"),
        ("accuracy", 0.01, "worse"),
        ("accuracy", 0.06, "fine"),
    ],
)
def test_the_direction_is_the_metrics(metric: str, rate: float, expected: str) -> None:
    basis = Basis(mean=0.04 if metric == "accuracy" else 0.01)
    assert verdict(Guard(metric), hits(8000, 8000 * rate), basis) == expected


def test_without_data_nothing_is_fine() -> None:
    for data in (GuardData(), hits(0, 0)):
        report = watch(Guard("error_rate"), data, alpha_worse=0.01, alpha_fine=0.05, basis=Basis(mean=0.01))
        assert (report.verdict, report.n_candidate, report.difference) == ("waiting", 0, None)


@pytest.mark.parametrize(("mean", "expected"), [(0.5, "fine"), (0.7, "worse"), (0.3, "worse")])
def test_either_way_is_worse_for_predictions(mean: float, expected: str) -> None:
    sums = Sums(5000, 5000 * mean, 5000 * mean**2)
    data = GuardData(split={ALONE: Arms(NOTHING, sums)}, share=ALONE)
    assert verdict(Guard("prediction"), data, Basis(mean=0.5)) == expected


@pytest.mark.parametrize(("place", "expected"), [(30, "fine"), (31, "fine"), (36, "worse")])
def test_slower_than_the_margin_is_worse(place: int, expected: str) -> None:
    durations = Durations(10_000, {20: 9800, place: 200})
    data = GuardData(durations={ALONE: (Durations(0, {}), durations)}, bounds=BOUNDS, share=ALONE)
    assert verdict(Guard("latency_p99"), data, Basis(mean=0.01, bound=30)) == expected


def test_a_version_that_is_as_good_as_before_is_seldom_called_worse() -> None:
    rng, looks = np.random.default_rng(4), range(499, 5000, 500)
    guard, basis, wrong = Guard("error_rate", margin=0.01), Basis(mean=0.01), 0
    for _ in range(40):
        fails = np.cumsum(rng.random(5000) < 0.02)
        wrong += "worse" in {verdict(guard, hits(n + 1, int(fails[n])), basis) for n in looks}
    assert wrong <= 2
