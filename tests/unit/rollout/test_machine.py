"""When a rollout stays, goes on, goes back and ends."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from hythe.rollout.guard import Guard, GuardReport, Verdict
from hythe.rollout.machine import Decision, advance, decide, guards_of
from hythe.rollout.policy import Policy
from hythe.rollout.state import Rollout, Status

Roll = Callable[..., Rollout]
CANARY = Policy(strategy="canary", guards=(Guard("error_rate"), Guard("accuracy")))
LONG = 1000.0


def report(metric: str, verdict: Verdict = "fine", n: int = 5000, **more: Any) -> GuardReport:
    return GuardReport(metric=metric, verdict=verdict, n_champion=n, n_candidate=n, **more)


def look(rollout: Rollout, verdicts: Mapping[str, Verdict], **more: Any) -> Decision:
    """Decide on verdicts of 5,000 units each, whose data grow, a long time after the stage began."""
    names = [guard.metric for guard in rollout.policy.everything]
    given: dict[str, Any] = {"running_s": LONG, "growing": dict.fromkeys(names, True)}
    return decide(rollout, [report(name, verdict) for name, verdict in verdicts.items()], **given | more)


FINE: dict[str, Verdict] = {"error_rate": "fine", "accuracy": "fine"}


def test_a_step_is_left_when_every_guard_is_fine(roll: Roll) -> None:
    decision = look(roll(CANARY), FINE)
    assert (decision.move, decision.reason) == ("next", "error_rate and accuracy are fine: on to split 0.25")


def test_the_last_step_promotes(roll: Roll) -> None:
    assert look(roll(CANARY, stage=2), FINE).move == "promote"


@pytest.mark.parametrize("stage", [0, 1, 2])
@pytest.mark.parametrize("status", ["running", "paused"])
def test_worse_goes_back_in_any_stage_paused_or_not(roll: Roll, stage: int, status: Status) -> None:
    decision = look(roll(CANARY, stage=stage, status=status), FINE | {"accuracy": "worse"})
    assert decision.move == "roll_back"
    assert decision.reason.startswith("accuracy is worse")


def test_the_reason_to_go_back_has_the_evidence(roll: Roll) -> None:
    bad = report("error_rate", "worse", candidate=0.05, champion=0.01, low=0.02, high=0.06,
                 log_e_worse=math.log(80.0))  # fmt: skip
    decision = decide(roll(CANARY), [bad], running_s=LONG, growing={})
    assert decision.reason == (
        "error_rate is worse: 5% against 1%, +2% to +6%, e = 80 after 5,000 units of the candidate"
    )


def test_what_is_worse_goes_back_before_the_step_is_over_and_without_new_data(roll: Roll) -> None:
    assert look(roll(CANARY), {"error_rate": "worse"}, running_s=0.1, growing={}).move == "roll_back"


def test_a_paused_rollout_does_not_go_on_and_does_not_run_out_of_time(roll: Roll) -> None:
    assert look(roll(CANARY, status="paused"), FINE, running_s=1e9).move == "stay"


def test_a_guard_without_data_holds(roll: Roll) -> None:
    decision = look(roll(CANARY), {"error_rate": "fine"})
    assert (decision.move, decision.reason) == ("stay", "accuracy has no data")


def test_a_guard_that_waits_holds_and_says_for_how_much(roll: Roll) -> None:
    reports = [report("error_rate", "waiting", needed=1200), report("accuracy", "waiting", needed=3400)]
    growing = {"error_rate": True, "accuracy": True}
    decision = decide(roll(CANARY), reports, running_s=LONG, growing=growing)
    assert (decision.move, decision.needed) == ("stay", 3400)
    assert "accuracy is not proven fine yet, about 3,400 more units to go" in decision.reason


def test_data_that_stopped_growing_hold(roll: Roll) -> None:
    decision = look(roll(CANARY), FINE, growing={"error_rate": True, "accuracy": False})
    assert (decision.move, decision.reason) == ("stay", "accuracy got no new data for 15 s")


def test_a_step_lasts_its_time(roll: Roll) -> None:
    rollout = roll(CANARY, stage=1, stage_s=990.0)
    assert look(rollout, FINE, running_s=1019.0).reason == "the stage lasts 1 s more"
    assert look(rollout, FINE, running_s=1020.0).move == "next"


def test_units_of_the_stage_before_do_not_count_for_this_one(roll: Roll) -> None:
    entered = {"error_rate": 4950, "accuracy": 100}
    decision = look(roll(CANARY, stage=1, entered=entered), FINE)
    assert decision.move == "stay"
    assert decision.reason == "error_rate has 50 of the 100 units that the stage needs"
    # 50 more of the candidate's are 200 of both arms', at its share of a quarter.
    assert decision.needed == 200


def test_a_sample_ratio_mismatch_holds_and_says_so(roll: Roll) -> None:
    assert look(roll(CANARY), FINE, log_e_mismatch=math.log(999)).move == "next"
    decision = look(roll(CANARY), FINE, log_e_mismatch=math.log(1001))
    assert decision.move == "stay"
    assert decision.reason.startswith("sample-ratio mismatch")


def test_without_a_verdict_the_rollout_goes_back_in_the_end(roll: Roll) -> None:
    decision = look(roll(CANARY), FINE | {"accuracy": "waiting"}, running_s=7 * 86400.0)
    assert decision.move == "expire"
    assert decision.reason.startswith("not enough data after 7 d: accuracy is not proven fine yet")


@pytest.mark.parametrize(
    "policy",
    [
        CANARY,
        Policy(),
        Policy(strategy="blue-green"),
        Policy(strategy="shadow"),
        Policy(strategy="ab", question=Guard("accuracy")),
        Policy(strategy="bandit", question=Guard("accuracy")),
    ],
    ids=lambda policy: policy.strategy,
)
def test_no_traffic_never_promotes(roll: Roll, policy: Policy) -> None:
    rollout = roll(policy)
    for running_s in range(0, 8 * 86400, 3600):
        decision = decide(rollout, [], running_s=float(running_s), growing={})
        rollout = advance(rollout, decision)
        assert rollout.stage == 0
    assert (rollout.status, decision.move) == ("rolled_back", "stay")
    assert "no data" in rollout.reason


def test_in_shadow_only_the_guards_on_shadows_count(roll: Roll) -> None:
    rollout = roll()
    assert [guard.metric for guard in guards_of(rollout)] == ["disagreement", "shadow_errors"]
    assert look(rollout, {"disagreement": "fine", "shadow_errors": "fine"}).move == "next"


def test_a_shadow_stage_needs_its_own_number_of_comparisons(roll: Roll) -> None:
    reports = [report("disagreement", n=199), report("shadow_errors", n=199)]
    growing = {"disagreement": True, "shadow_errors": True}
    decision = decide(roll(), reports, running_s=LONG, growing=growing)
    assert "199 of the 200 units" in decision.reason


def test_in_a_split_the_shadows_verdicts_need_no_new_data(roll: Roll) -> None:
    verdicts: dict[str, Verdict] = dict.fromkeys(("error_rate", "latency_p99", "refusal_rate"), "fine")
    shadows: dict[str, Verdict] = {"disagreement": "fine", "shadow_errors": "fine"}
    growing = dict.fromkeys(verdicts, True)
    assert look(roll(stage=3), verdicts | shadows, growing=growing).move == "promote"


def test_a_shadow_rollout_finishes_and_moves_no_traffic(roll: Roll) -> None:
    rollout = roll(Policy(strategy="shadow"))
    decision = look(rollout, {"disagreement": "fine", "shadow_errors": "fine"})
    assert decision.move == "finish"
    assert advance(rollout, decision).status == "finished"


def test_a_blue_green_switch_is_watched_for_its_time(roll: Roll) -> None:
    rollout = roll(Policy(strategy="blue-green"), stage=1, stage_s=100.0)
    verdicts: dict[str, Verdict] = dict.fromkeys(("error_rate", "latency_p99", "refusal_rate"), "fine")
    assert look(rollout, verdicts, running_s=699.0).move == "stay"
    assert look(rollout, verdicts, running_s=700.0).move == "promote"


@pytest.mark.parametrize(
    ("answer", "move"), [("fine", "promote"), ("worse", "roll_back"), ("waiting", "stay")]
)
def test_an_experiment_ends_with_the_answer_to_its_question(roll: Roll, answer: Verdict, move: str) -> None:
    policy = Policy(strategy="ab", guards=(Guard("error_rate"),), question=Guard("accuracy"))
    decision = look(roll(policy), {"error_rate": "fine", "accuracy": answer})
    assert decision.move == move
    assert decision.move != "stay" or decision.reason == "accuracy is not proven better yet"


def test_an_answer_does_not_outweigh_a_guard(roll: Roll) -> None:
    policy = Policy(strategy="ab", guards=(Guard("error_rate"),), question=Guard("accuracy"))
    assert look(roll(policy), {"error_rate": "waiting", "accuracy": "fine"}).move == "stay"
    assert look(roll(policy), {"error_rate": "worse", "accuracy": "fine"}).move == "roll_back"


def test_going_on_notes_when_and_with_how_much(roll: Roll) -> None:
    rollout = roll(CANARY)
    following = advance(rollout, look(rollout, FINE))
    assert (following.stage, following.stage_s, following.running_s) == (1, LONG, LONG)
    assert following.entered == {"error_rate": 5000, "accuracy": 5000}
    assert [item.metric for item in following.reports] == ["error_rate", "accuracy"]


@pytest.mark.parametrize("status", ["promoted", "rolled_back", "aborted", "finished"])
def test_nothing_moves_a_rollout_that_has_ended(roll: Roll, status: Status) -> None:
    rollout = roll(CANARY, status=status, reason="as it was")
    decision = look(rollout, {"error_rate": "worse"})
    assert (decision.move, decision.reason) == ("stay", "as it was")
    for move in ("next", "promote", "roll_back"):
        assert advance(rollout, Decision(move=move, reason="never")) == rollout


def test_a_bandit_gives_more_to_the_better_arm_once_a_step(roll: Roll) -> None:
    rollout = roll(Policy(strategy="bandit", guards=(Guard("error_rate"),), question=Guard("accuracy")))
    better = report("accuracy", "waiting", champion=0.5, candidate=0.6, difference=-0.1)
    reports, growing = [report("error_rate"), better], {"accuracy": True, "error_rate": True}
    assert decide(rollout, reports, running_s=29.0, growing=growing).move == "stay"
    decision = decide(rollout, reports, running_s=30.0, growing=growing)
    assert (decision.move, decision.weights) == ("reweigh", (0.05, 0.95))
    following = advance(rollout, decision)
    assert following.weights == (0.05, 0.95)
    assert decide(following, reports, running_s=70.0, growing=growing).move == "stay"


@pytest.mark.parametrize("trouble", [{"log_e_mismatch": 10.0}, {"growing": {}}], ids=["mismatch", "stopped"])
def test_a_bandit_does_not_learn_from_data_that_are_not_to_be_believed(
    roll: Roll, trouble: dict[str, Any]
) -> None:
    rollout = roll(Policy(strategy="bandit", question=Guard("accuracy")))
    better = report("accuracy", "waiting", champion=0.5, candidate=0.6, difference=-0.1)
    given: dict[str, Any] = {"running_s": LONG, "growing": {"accuracy": True}}
    assert decide(rollout, [better], **given | trouble).move == "stay"
