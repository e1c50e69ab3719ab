"""What simulated rollouts come to, by the machine and the evidence of real ones."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from hythe.rollout.evaluate import evaluate
from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import Durations, GuardData
from hythe.rollout.plan import Plan
from hythe.rollout.policy import Policy
from hythe.rollout.simulation.counts import Counts
from hythe.rollout.simulation.judged import judged
from hythe.rollout.simulation.outcome import Outcome
from hythe.rollout.simulation.play import Play, Played, basis_of
from hythe.rollout.simulation.truth import Truth, Version, log_normal, slower
from hythe.rollout.stages import margin_at, stages
from hythe.rollout.state import Rollout, Side
from hythe.statistics.evidence.sums import Arms, Sums

BOUNDS = 1e-6 * 10.0 ** (np.arange(181) / 20)
USUAL = log_normal(0.005, 0.025, BOUNDS)
CANARY = Policy(strategy="canary")
RUNS = 40


def truth(
    champion: Mapping[str, float], candidate: Mapping[str, float], factor: float = 1.0, **more: Any
) -> Truth:
    return Truth(
        champion=Version(means=champion, durations=USUAL),
        candidate=Version(means=candidate, durations=slower(USUAL, BOUNDS, factor)),
        bounds=tuple(BOUNDS),
        **{"requests_per_s": 500.0} | more,
    )


def begun(policy: Policy) -> Rollout:
    return Rollout(
        id="simulated",
        endpoint="scoring",
        champion=Side("1.0.0", "sha256:0a"),
        candidate=Side("1.1.0", "sha256:0b"),
        policy=policy,
        before=Plan.of("1.0.0", "sha256:0a"),
        stages=stages(policy),
    )


def play(policy: Policy, true: Truth, seed: int = 0, runs: int = RUNS) -> list[Played]:
    return Play(begun(policy), true, runs, seed).run(lambda now_s, ended: None)  # noqa: ARG005


GOOD = truth({"error_rate": 0.002}, {"error_rate": 0.002})
FAILING = truth({"error_rate": 0.002}, {"error_rate": 0.05})
SLOW = truth({"error_rate": 0.002}, {"error_rate": 0.002}, factor=2.0)


@cache
def canaries() -> Mapping[str, Outcome]:
    """Play the three candidates of the issue's acceptance, by the usual canary."""
    return {
        name: Outcome.of(play(CANARY, true))
        for name, true in (("good", GOOD), ("failing", FAILING), ("slow", SLOW))
    }


def test_a_good_candidate_is_promoted() -> None:
    good = canaries()["good"]
    # At most alpha may go back wrongly; of 40, 5 or fewer in more than 99% of the cases.
    assert good.promoted.share >= 1 - 5 / RUNS
    assert good.expired.share == 0.0
    assert good.traffic[0] == pytest.approx(0.05)
    assert good.traffic[-1] > 0.5


def test_no_step_is_shorter_than_its_time() -> None:
    for item in play(CANARY, GOOD):
        starts = [start_s for start_s, share in item.shares if share > 0.0]
        assert all(later - start >= CANARY.step_s for start, later in pairwise(starts))


@pytest.mark.parametrize(("what", "guard"), [("failing", "error_rate"), ("slow", "latency_p99")])
def test_a_bad_candidate_goes_back_by_the_guard_that_sees_it(what: str, guard: str) -> None:
    bad = canaries()[what]
    assert bad.promoted.share == 0.0
    assert bad.rolled_back.share == 1.0
    assert max(bad.rolled_back.because, key=lambda name: bad.rolled_back.because[name]) == guard
    assert bad.rolled_back.seconds is not None
    assert bad.rolled_back.seconds.p90 < 120


def test_the_failed_requests_are_those_of_the_candidate() -> None:
    for item in play(CANARY, FAILING):
        assert item.asked == pytest.approx(item.rollout.running_s * 500 * 0.05, abs=80)
        assert item.failed <= item.asked * 0.15 + 5


def test_the_same_seed_plays_the_same_rollouts() -> None:
    one, same, other = (play(CANARY, FAILING, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_without_enough_traffic_it_goes_back_for_want_of_data() -> None:
    policy = Policy(strategy="canary", most_s=600.0)
    outcome = Outcome.of(play(policy, truth({"error_rate": 0.0}, {"error_rate": 0.0}, requests_per_s=0.05)))
    assert outcome.expired.share == 1.0
    assert outcome.expired.because == {"split 0.05": RUNS}


def test_a_disagreeing_candidate_goes_back_in_shadow_and_no_caller_sees_it() -> None:
    outcome = Outcome.of(play(Policy(), truth({"error_rate": 0.0}, {"disagreement": 0.3})))
    assert outcome.rolled_back.because == {"disagreement": RUNS}
    assert outcome.rolled_back.requests is not None
    assert outcome.rolled_back.requests.most == 0


def test_a_failing_candidate_does_not_survive_a_bake() -> None:
    policy = Policy(strategy="blue-green", guards=(Guard("error_rate"),))
    true = truth({"error_rate": 0.01}, {"error_rate": 0.05})
    assert Outcome.of(play(policy, true)).rolled_back.because == {"error_rate": RUNS}


def test_an_experiment_promotes_what_earns_more() -> None:
    question = Guard("value:revenue", margin=0.05, range=(0.0, 100.0))
    policy = Policy(strategy="ab", guards=(Guard("error_rate"),), question=question)
    more = truth({"value:revenue": 30.0}, {"value:revenue": 36.0}, requests_per_s=50.0)
    less = truth({"value:revenue": 30.0}, {"value:revenue": 24.0}, requests_per_s=50.0)
    assert Outcome.of(play(policy, more)).promoted.share == 1.0
    assert Outcome.of(play(policy, less)).rolled_back.share == 1.0


def test_a_bandit_promotes_what_is_right_more_often() -> None:
    policy = Policy(strategy="bandit", guards=(Guard("error_rate"),), question=Guard("accuracy"))
    true = truth({"accuracy": 0.70}, {"accuracy": 0.75}, requests_per_s=20.0)
    outcome = Outcome.of(play(policy, true, runs=8))
    assert outcome.promoted.share == 1.0
    assert max(outcome.traffic[1:-1]) > 0.6


def test_feedback_counts_once_it_is_mature() -> None:
    policy = Policy(strategy="canary", guards=(Guard("accuracy"),), maturity_s=300.0)
    true = truth({"accuracy": 0.8}, {"accuracy": 0.5})
    ends = [item.rollout.running_s for item in play(policy, true)]
    assert min(ends) >= 300.0


def test_many_rollouts_at_once_are_judged_as_one_is() -> None:
    """`judged` takes arrays; `evaluate`, which real rollouts use, comes to the same on each."""
    guards = (Guard("error_rate"), Guard("latency_p99"))
    stands, everyone = begun(Policy(strategy="canary", guards=guards)), np.arange(3)
    counts = Counts(FAILING, guards, 3, 0.0, np.random.default_rng(7))
    for now_s in range(1, 40):
        counts.draw(everyone, "split", 0.05, float(now_s), 1.0)
    for guard in guards:
        basis = basis_of(guard, FAILING)
        found = judged(stands, guard, counts.data(guard, everyone, 0.05), basis, counts.counted(guard))
        for row in range(3):
            single = evaluate(
                guard,
                single_of(counts.data(guard, everyone, 0.05), row),
                alpha_worse=0.025,
                alpha_fine=0.05,
                margin=margin_at(stands, guard),
                basis=basis,
            )
            assert (single.verdict, single.n_candidate) == (found[row].verdict, found[row].n_candidate)
            assert single.log_e_worse == pytest.approx(found[row].log_e_worse)


def single_of(data: GuardData, row: int) -> GuardData:
    """Give the data of one of the rollouts."""
    return replace(
        data,
        split={
            share: Arms(*(Sums.hits(float(arm.n[row]), float(arm.total[row])) for arm in arms))  # type: ignore[index]
            for share, arms in data.split.items()
        },
        durations={
            share: (timed(champion, row), timed(candidate, row))
            for share, (champion, candidate) in data.durations.items()
        },
    )


def timed(durations: Durations, row: int) -> Durations:
    """Give one rollout's durations of one arm."""
    buckets = {place: float(n[row]) for place, n in durations.buckets.items()}  # type: ignore[index]
    return Durations(float(durations.n[row]), buckets)  # type: ignore[index]


def test_no_failure_at_all_is_never_worse() -> None:
    policy = Policy(strategy="canary", guards=(Guard("error_rate"), Guard("refusal_rate")))
    outcome = Outcome.of(play(policy, truth({}, {}), runs=400))
    assert outcome.promoted.share == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("candidate", "tolerance", "wrong"),
    [(0.02, 0.0, "rolled_back"), (0.03, 0.01, "promoted")],
    ids=["no difference", "worse by the margin"],
)
def test_over_all_steps_and_guards_a_rollout_errs_no_more_than_alpha(
    candidate: float, tolerance: float, wrong: str
) -> None:
    """The margin is 1%. With a tolerance of as much, what is worse by that does not go back first."""
    guards = (Guard("error_rate", tolerance=tolerance), Guard("refusal_rate"), Guard("latency_p95"))
    policy = Policy(strategy="canary", guards=guards, most_s=3600.0)
    runs = 300
    outcome = Outcome.of(play(policy, truth({"error_rate": 0.02}, {"error_rate": candidate}), runs=runs))
    assert getattr(outcome, wrong).share <= policy.alpha + 3 * math.sqrt(0.05 * 0.95 / runs)
    if wrong == "promoted":
        assert outcome.expired.share > 0.5
