"""A bandit earns more than a fixed split, leaves each arm its floor, and does not fool the evidence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hythe.rollout.bandit import probability_better, weigh
from hythe.rollout.guard import Guard, GuardReport
from hythe.statistics.evidence.contrast import Contrast
from hythe.statistics.evidence.sums import Arms, Sums

FLOOR = 0.1
_RUNS = 200
QUESTION = Guard("accuracy")


class Played:
    """A bandit's looks: `size` requests at each, with the means of both arms at that look."""

    def __init__(self, rng: np.random.Generator, means: NDArray[np.float64], size: int) -> None:
        self.split: dict[float, Arms] = {}
        self.shares: list[float] = []
        self.reward = 0
        share = 0.5
        for mean_a, mean_b in means:
            n_b = rng.binomial(size, share)
            hits_a, hits_b = rng.binomial(size - n_b, mean_a), rng.binomial(n_b, mean_b)
            a, b = self.split.get(share, Arms(Sums.hits(0, 0), Sums.hits(0, 0)))
            self.split[share] = Arms(
                Sums.hits(a.n + size - n_b, a.total + hits_a), Sums.hits(b.n + n_b, b.total + hits_b)
            )
            self.shares.append(share)
            self.reward += hits_a + hits_b
            share = weigh(QUESTION, self.report(), FLOOR)[1]

    def report(self) -> GuardReport:
        """Say what a look knows, with the difference within each share of the traffic."""
        above = below = 0.0
        for share, (a, b) in self.split.items():
            if a.n and b.n:
                weight = share * (1 - share) * (a.n + b.n)
                above += float(weight * (b.total / b.n - a.total / a.n))
                below += float(weight)
        n_a, n_b = self.units()
        return GuardReport(
            metric="accuracy",
            champion=float(sum(arms.a.total for arms in self.split.values()) / max(n_a, 1)),
            difference=None if not below else -above / below,
            n_champion=n_a,
            n_candidate=n_b,
        )

    def units(self) -> tuple[int, int]:
        """Count both arms' requests."""
        return (
            int(sum(arms.a.n for arms in self.split.values())),
            int(sum(arms.b.n for arms in self.split.values())),
        )


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0, 1), st.floats(0, 1))
def test_the_chances_of_both_arms_add_up(n_a: int, n_b: int, mean_a: float, mean_b: float) -> None:
    forth = probability_better(n_a, mean_a, n_b, mean_b)
    assert forth + probability_better(n_b, mean_b, n_a, mean_a) == pytest.approx(1.0, abs=2e-3)


def test_the_probability_is_the_one_that_draws_have() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.beta(1 + 20, 1 + 80, 400_000), rng.beta(1 + 15, 1 + 35, 400_000)
    assert probability_better(100, 0.2, 50, 0.3) == pytest.approx(float(np.mean(b > a)), abs=3e-3)


@pytest.mark.parametrize(("mean_b", "candidates"), [(0.20, 0.9), (0.05, 0.1)])
def test_the_better_arm_ends_with_all_but_the_floor(mean_b: float, candidates: float) -> None:
    played = Played(np.random.default_rng(5), np.tile([0.1, mean_b], (60, 1)), 100)
    assert played.shares[-1] == candidates
    assert FLOOR <= min(played.shares) <= max(played.shares) <= 1 - FLOOR


def test_a_bandit_loses_less_than_half_of_what_a_fixed_split_loses() -> None:
    means = np.tile([0.10, 0.15], (50, 1))
    best, fixed = 50 * 200 * 0.15, 50 * 200 * (0.10 + 0.15) / 2
    bandits = [Played(np.random.default_rng(seed), means, 200).reward for seed in range(12)]
    assert best - np.mean(bandits) < 0.5 * (best - fixed)


def test_without_a_difference_the_evidence_errs_no_more_than_it_may_though_weights_and_means_move() -> None:
    """The mean of both arms rises from 10% to 60%, so that plain means would tell the weights' story."""
    means = np.repeat(np.linspace(0.1, 0.6, 12)[:, None], 2, axis=1)
    better = Contrast(margin=0.0, side="above", mean=0.3, effect=0.05)
    ends = [Played(np.random.default_rng(seed), means, 800) for seed in range(_RUNS)]
    wrong = sum(better.e(played.split) >= 20.0 for played in ends)
    assert wrong / _RUNS <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / _RUNS)
    plain = [plain_z(played) for played in ends]
    assert sum(abs(z) > 1.96 for z in plain) / _RUNS > 0.3


def plain_z(played: Played) -> float:
    """Compare the plain means, as if the weights had never moved."""
    n_a, n_b = played.units()
    p_a = sum(arms.a.total for arms in played.split.values()) / n_a
    p_b = sum(arms.b.total for arms in played.split.values()) / n_b
    return float((p_b - p_a) / math.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b))


def test_a_value_of_which_less_is_better_is_turned_round() -> None:
    report = GuardReport(
        metric="absolute_error", champion=50.0, difference=-30.0, n_champion=100, n_candidate=100
    )
    assert weigh(Guard("absolute_error", range=(0.0, 100.0)), report, 0.05) == (0.05, 0.95)


def test_without_data_both_arms_get_half() -> None:
    assert weigh(QUESTION, GuardReport(metric="accuracy"), FLOOR) == (0.5, 0.5)
