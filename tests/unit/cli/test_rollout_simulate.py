"""`hythe rollout simulate` says in figures what a policy would do."""

import json
from collections.abc import Callable
from typing import TypeAlias

import pytest

Run: TypeAlias = Callable[..., tuple[int, str, str]]
BRIEF = ["--strategy", "canary", "--guard", "error_rate", "--requests-per-s", "500"]


@pytest.fixture
def simulate(run: Run) -> Run:
    assert run("endpoint", "create", "scoring", "churn:1.0.0")[0] == 0
    return lambda *words: run("rollout", "simulate", "scoring", "churn:1.1.0", *BRIEF, *words)


def test_a_bad_candidate_and_a_good_one_are_shown_side_by_side(simulate: Run) -> None:
    code, said, _ = simulate(
        "--error-rate", "5%", "--base", "error_rate=0.1%", "--latency", "+20%", "--runs", "10"
    )
    assert code == 0
    such, equal = said.split("one as good as the champion")
    assert "1.0.0 -> 1.1.0 by canary, alpha 0.05, 500 requests a second (as told)" in such
    assert "champion   error_rate 0.001, p50 5.01 ms" in such
    assert "candidate  error_rate 0.05, p50 6.31 ms" in such
    assert "went back        100.0%" in such
    assert "by error_rate (10)" in such
    assert "promoted         100.0%" in equal
    assert "\x1b" not in said


def test_the_figures_are_one_document_for_programs_and_the_same_each_time(simulate: Run) -> None:
    first = simulate("--error-rate", "0.05", "--json", "--runs", "10")[1]
    found = json.loads(first)
    assert found["such"]["rolled_back"]["share"] == 1.0
    assert found["such"]["rolled_back"]["because"] == {"error_rate": 10}
    assert found["such"]["runs"] == 10
    assert found["equal"]["promoted"]["seconds"]["median"] >= 90
    assert simulate("--error-rate", "0.05", "--json", "--runs", "10")[1] == first
    assert simulate("--error-rate", "0.05", "--json", "--runs", "10", "--seed", "1")[1] != first


def test_without_a_difference_only_a_good_candidate_is_played(simulate: Run) -> None:
    assert "such a candidate" not in simulate("--runs", "10")[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--latency", "slow"], "'slow' is no longer latency; write +20% or +5ms"),
        (["--metric", "accuracy"], "'accuracy' says no number; write METRIC=NUMBER"),
        (["--metric", "luck=0.5"], "there is no metric 'luck' to guard"),
        (["--error-rate", "200%"], "error_rate is 2; give a number from 0 to 1"),
        (["--p50", "5ms", "--p99", "1ms"], "give a longer second"),
        (["--labelled", "0"], "the share with feedback is 0"),
        (["--runs", "0"], "0 rollouts are to be played"),
        (["--alpha", "1.5"], "alpha is 1.5"),
    ],
)
def test_what_cannot_be_played_is_a_usage_error(simulate: Run, words: list[str], says: str) -> None:
    code, _, error = simulate(*words, *([] if "--runs" in words else ["--runs", "10"]))
    assert code == 2
    assert says in error
