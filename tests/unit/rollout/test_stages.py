"""Each strategy's stages, and the plans that they put."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.base.errors import Invalid
from hythe.rollout.choose import choose
from hythe.rollout.guard import Guard
from hythe.rollout.limits import PlanLimits
from hythe.rollout.plan import Arm, CacheOptions, Plan, Shadow
from hythe.rollout.policy import Policy, Strategy
from hythe.rollout.stages import margin_at, plan_after, plan_of, stages
from hythe.rollout.state import Rollout, Status

Roll = Callable[..., Rollout]
QUESTION = Guard("value:revenue", range=(0.0, 100.0))
FULL = Plan(
    arms=(Arm("1.0.0", "sha256:0a"), Arm("0.9.0", "sha256:09", 0)),
    fallback=("0.9.0",),
    cache=CacheOptions(ttl_s=60),
    constant={"label": "no"},
    limits=PlanLimits(rows=10),
    model="churn",
    sticky="feature:customer",
    shadows=(Shadow("2.0.0-rc.1", "sha256:20", 0.01),),
    join_share=0.2,
    approval=True,
)


@pytest.mark.parametrize(
    ("strategy", "passed"),
    [
        ("shadow-canary", ["shadow 0.1", "split 0.05", "split 0.25", "split 0.5"]),
        ("canary", ["split 0.05", "split 0.25", "split 0.5"]),
        ("blue-green", ["shadow 0.1", "bake 1"]),
        ("shadow", ["shadow 0.1"]),
        ("ab", ["split 0.5"]),
        ("bandit", ["bandit 0.5"]),
    ],
)
def test_a_strategy_passes_its_stages(strategy: Strategy, passed: list[str]) -> None:
    question = QUESTION if strategy in {"ab", "bandit"} else None
    policy = Policy(strategy=strategy, question=question)
    assert [f"{stage.kind} {stage.share:g}" for stage in stages(policy)] == passed


def test_a_shadow_stage_changes_nothing_but_the_copies(roll: Roll) -> None:
    plan = plan_of(roll(Policy(shadow_share=0.2, shadow_margin=0.05), before=FULL))
    assert plan.shadows == (*FULL.shadows, Shadow("1.1.0", "sha256:0b", 0.2, 0.05))
    assert (plan.arms, plan.fallback) == (FULL.arms, FULL.fallback)
    assert plan.rollout == "rollout-1"


def test_a_split_gives_the_candidate_its_share_and_keeps_all_else(roll: Roll) -> None:
    plan = plan_of(roll(before=FULL, stage=1))
    assert plan.arms == (Arm("1.0.0", "sha256:0a", 0.95), Arm("1.1.0", "sha256:0b", 0.05), FULL.arms[1])
    assert plan.shadows == FULL.shadows
    assert plan.join_share == FULL.join_share
    for name in ("cache", "constant", "limits", "model", "sticky", "approval"):
        assert getattr(plan, name) == getattr(FULL, name)


def test_what_the_candidate_fails_is_answered_by_the_champion_first(roll: Roll) -> None:
    assert plan_of(roll(before=FULL, stage=1)).fallback == ("1.0.0", "0.9.0")


def test_a_candidate_that_was_a_fallback_answers_only_its_own_share(roll: Roll) -> None:
    before = Plan(arms=FULL.arms, fallback=("1.1.0", "1.0.0", "0.9.0"))
    assert plan_of(roll(before=before, stage=1)).fallback == ("1.0.0", "0.9.0")


def test_a_bake_sends_all_to_the_candidate_and_keeps_the_champion_loaded(roll: Roll) -> None:
    plan = plan_of(roll(Policy(strategy="blue-green"), stage=1))
    assert plan.arms == (Arm("1.0.0", "sha256:0a", 0.0), Arm("1.1.0", "sha256:0b", 1.0))
    assert {choose(plan.arms, f"user-{number}").version for number in range(100)} == {"1.1.0"}


def test_a_bandit_starts_with_halves_and_follows_its_weights(roll: Roll) -> None:
    rollout = roll(Policy(strategy="bandit", question=QUESTION))
    assert [arm.weight for arm in plan_of(rollout).arms] == [0.5, 0.5]
    rollout = roll(rollout.policy, weights=(0.3, 0.7))
    assert [arm.weight for arm in plan_of(rollout).arms] == [0.3, 0.7]


def test_all_predictions_are_kept_where_a_guard_is_on_feedback(roll: Roll) -> None:
    assert plan_of(roll(Policy(guards=(Guard("accuracy"),)), before=FULL)).join_share == 1.0
    assert plan_of(roll(Policy(strategy="ab", question=QUESTION))).join_share == 1.0


def test_a_promoted_candidate_has_the_champions_place(roll: Roll) -> None:
    plan = plan_after(roll(before=FULL, stage=3), "promoted")
    assert plan.arms == (Arm("1.1.0", "sha256:0b"), FULL.arms[1])
    assert (plan.fallback, plan.shadows, plan.join_share) == (("0.9.0",), FULL.shadows, 0.2)


@pytest.mark.parametrize("status", ["rolled_back", "aborted", "finished"])
def test_any_other_end_leaves_what_stood_before(roll: Roll, status: Status) -> None:
    assert plan_after(roll(before=FULL, stage=2), status) == FULL


@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=6, unique=True))
def test_the_harm_of_each_step_stays_within_the_margin(roll: Roll, shares: list[float]) -> None:
    policy = Policy(strategy="canary", steps=tuple(sorted(shares)))
    guard = Guard("error_rate", margin=0.01)
    for place in range(len(policy.steps)):
        rollout = roll(policy, stage=place)
        share = policy.steps[place + 1] if place + 1 < len(policy.steps) else 1.0
        assert margin_at(rollout, guard) * share <= 0.01 * (1 + 1e-9)
        assert 0.01 <= margin_at(rollout, guard) <= 0.5


def test_the_last_step_and_shadows_have_to_exclude_the_margin_itself(roll: Roll) -> None:
    assert margin_at(roll(stage=3), Guard("error_rate")) == 0.01
    assert margin_at(roll(stage=0), Guard("disagreement")) == 0.10


def test_an_experiment_has_to_prove_an_improvement(roll: Roll) -> None:
    policy = Policy(strategy="ab", question=QUESTION)
    assert margin_at(roll(policy), QUESTION) == 0.0
    assert margin_at(roll(policy), Guard("error_rate")) == 0.01


def test_a_rollout_needs_two_versions(roll: Roll) -> None:
    with pytest.raises(Invalid, match=r"'scoring' serves 1\.0\.0 already"):
        roll(candidate=roll().champion)


def test_a_rollout_is_from_one_version(roll: Roll) -> None:
    both = Plan(arms=(Arm("1.0.0", "sha256:0a"), Arm("0.9.0", "sha256:09")))
    with pytest.raises(Invalid, match=r"sends traffic to 0\.9\.0, 1\.0\.0"):
        roll(before=both)
