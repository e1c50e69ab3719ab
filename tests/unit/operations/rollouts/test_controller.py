"""A controller moves rollouts on evidence, and only on evidence; all of it on a fake clock."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace
from tests.unit.operations.rollouts.scene import CANARY, QUICK, Behaviour, Scene

from hythe.operations.endpoints.apply import apply
from hythe.operations.endpoints.document import plan_document
from hythe.operations.rollouts.controller import Controller
from hythe.operations.rollouts.move import pause, resume
from hythe.registry.windows import Delivery, WindowRecord
from hythe.rollout.guard import Guard
from hythe.rollout.policy import Policy


def stages_of(scene: Scene) -> list[tuple[str, str]]:
    history = scene.registry.history("endpoint/scoring")
    return [(entry.after["stage"], entry.after["status"]) for entry in history if entry.action == "rollout"]


def test_a_good_version_passes_every_stage_and_is_promoted(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(200)
    assert scene.rollout.status == "promoted"
    assert scene.weights == {"1.1.0": 1.0}
    assert stages_of(scene) == [
        ("shadow 10% (1 of 3)", "running"),
        ("split 10% (2 of 3)", "running"),
        ("split 50% (3 of 3)", "running"),
        ("split 50% (3 of 3)", "promoted"),
    ]
    assert scene.registry.catalog.faults() == []


def test_the_log_says_who_moved_what_on_what_evidence(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(200)
    moves = [entry for entry in scene.registry.history("endpoint/scoring") if entry.action == "rollout"]
    assert [entry.actor for entry in moves] == ["ana", "controller", "controller", "controller"]
    assert moves[0].why == "better"
    last = moves[-1].after
    known = {report["metric"]: report for report in last["reports"]}
    assert known["error_rate"]["verdict"] == "fine"
    assert known["error_rate"]["log_e_fine"] >= -math.log(0.05)
    assert (last["champion"], last["candidate"], last["revision"]) == ("1.0.0", "1.1.0", 5)


@pytest.mark.parametrize(
    ("behaviour", "guilty"),
    [
        (Behaviour(fails=0.05), "error_rate"),
        (Behaviour(slower=6), "latency_p99"),
        (Behaviour(differs=0.3), "disagreement"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_version_goes_back_by_itself(scene: Scene, behaviour: Behaviour, guilty: str) -> None:
    scene.behaviours["1.1.0"] = behaviour
    policy = replace(QUICK, guards=(Guard("error_rate"), Guard("latency_p99"), Guard("disagreement")))
    scene.begin(policy)
    scene.pass_time(200)
    assert scene.rollout.status == "rolled_back"
    assert scene.rollout.reason.startswith(f"{guilty} is worse")
    assert scene.weights == {"1.0.0": 1.0}


def test_a_version_that_fails_every_request_goes_back(scene: Scene) -> None:
    scene.behaviours["1.1.0"] = Behaviour(fails=1.0)
    scene.begin(CANARY)
    scene.pass_time(30)
    assert scene.rollout.reason.startswith("error_rate is worse: 100% against 0%")
    scene.begin(QUICK)
    scene.pass_time(30)
    assert scene.rollout.reason.startswith("shadow_errors is worse: 100%")


def test_no_traffic_never_moves_anything(scene: Scene) -> None:
    scene.begin(CANARY)
    for _ in range(150):
        scene.look()
    assert (scene.rollout.status, scene.rollout.stage) == ("running", 0)
    assert scene.rollout.running_s == pytest.approx(149.0)


def test_data_that_stop_arriving_never_let_it_go_on(scene: Scene) -> None:
    scene.begin(replace(CANARY, step_s=60.0))
    scene.pass_time(20)
    reports = {report.metric: report for report in scene.rollout.reports}
    assert reports["error_rate"].verdict == "fine"
    for _ in range(100):
        scene.look()
    assert (scene.rollout.stage, scene.rollout.status) == (0, "running")
    assert "no new data" in scene.rollout.reason
    scene.pass_time(2)
    assert scene.rollout.stage == 1


def test_a_controller_that_has_just_begun_knows_of_no_growth(scene: Scene) -> None:
    scene.begin(replace(CANARY, step_s=20.0))
    scene.pass_time(19)
    scene.controller = Controller(scene.registry.catalog, scene.clock, keep_s=0.0)
    for _ in range(30):
        scene.look()
    assert scene.rollout.stage == 0
    scene.pass_time(1)
    assert scene.rollout.stage == 1


def test_time_when_nobody_looked_on_does_not_count(scene: Scene) -> None:
    scene.begin(replace(CANARY, step_s=100.0))
    scene.pass_time(10)
    scene.clock.tick(7200.0)
    scene.look()
    assert scene.rollout.running_s == pytest.approx(9.0 + 5.0)
    scene.controller = Controller(scene.registry.catalog, scene.clock, keep_s=0.0)
    scene.look()
    assert scene.rollout.running_s == pytest.approx(14.0)


def test_a_rollout_without_a_verdict_goes_back_in_the_end(scene: Scene) -> None:
    scene.begin(replace(CANARY, most_s=50.0))
    scene.pass_time(100, requests=20)
    assert scene.rollout.status == "rolled_back"
    assert scene.rollout.reason.startswith("not enough data after 50 s")
    assert scene.weights == {"1.0.0": 1.0}


def test_a_paused_rollout_goes_back_on_evidence_and_on_only_when_resumed(scene: Scene) -> None:
    scene.begin(CANARY)
    pause(scene.registry.catalog, "scoring", actor="bo")
    scene.pass_time(30)
    assert (scene.rollout.status, scene.rollout.stage) == ("paused", 0)
    resume(scene.registry.catalog, "scoring", actor="bo")
    while not scene.rollout.stage:
        scene.pass_time(1)
    pause(scene.registry.catalog, "scoring", actor="bo")
    scene.behaviours["1.1.0"] = Behaviour(fails=0.1)
    scene.pass_time(60)
    assert scene.rollout.status == "rolled_back"


def test_a_plan_that_a_person_puts_ends_the_rollout_and_stays(scene: Scene) -> None:
    scene.begin(CANARY)
    by_hand = {"model": "churn", "arms": [{"version": "1.0.0"}], "limits": {"rows": 7}}
    with scene.registry.catalog.edit(actor="eve") as tx:
        standing = tx.plan("scoring").document
        tx.put_plan("scoring", {**standing, "limits": {"rows": 7}})
    scene.look()
    assert (scene.rollout.status, scene.rollout.reason) == ("aborted", "eve put another plan")
    assert scene.registry.catalog.plan("scoring").document["limits"] == {"rows": 7}
    apply(scene.registry, "scoring", plan_document(by_hand), actor="eve")
    assert scene.weights == {"1.0.0": 1.0}


def test_an_endpoint_that_was_removed_ends_its_rollout(scene: Scene) -> None:
    scene.begin(CANARY)
    with scene.registry.catalog.edit(actor="eve") as tx:
        tx.remove_plan("scoring")
    scene.look()
    assert (scene.rollout.status, scene.rollout.reason) == ("aborted", "the endpoint was removed")
    assert scene.registry.catalog.plans() == []


def test_a_candidate_that_is_rejected_meanwhile_goes_back(scene: Scene) -> None:
    scene.begin(CANARY)
    with scene.registry.catalog.edit(actor="eve") as tx:
        tx.reject("churn:1.1.0", note="leaks the target")
    scene.look()
    assert scene.rollout.status == "rolled_back"
    assert "rejected by eve (leaks the target)" in scene.rollout.reason
    assert scene.weights == {"1.0.0": 1.0}


def test_a_candidate_that_a_server_cannot_serve_goes_back_and_says_why(scene: Scene) -> None:
    scene.begin(CANARY)
    revision = scene.rollout.revisions[-1]
    scene.registry.catalog.refusals.tell("scoring", revision - 1, "an older plan")
    scene.look()
    assert stages_of(scene)[-1][1] == "running"
    scene.registry.catalog.refusals.tell("scoring", revision, "churn:1.1.0 does not answer as it did")
    scene.look()
    assert scene.rollout.status == "rolled_back"
    assert "a server cannot follow it: churn:1.1.0 does not answer as it did" in scene.rollout.reason
    assert scene.weights == {"1.0.0": 1.0}


def test_of_two_controllers_one_moves_a_rollout(scene: Scene) -> None:
    scene.serve(1000)
    scene.begin(CANARY)
    second = Controller(scene.registry.catalog, scene.clock, keep_s=0.0)
    for _ in range(200):
        scene.serve(4000)
        scene.look()
        second.turn()
        if scene.rollout.ended:
            break
    assert scene.rollout.status == "promoted"
    assert [status for _, status in stages_of(scene)].count("promoted") == 1
    assert len(stages_of(scene)) == 3


def test_one_rollout_that_cannot_be_read_keeps_no_other(scene: Scene) -> None:
    scene.begin(CANARY)
    strange = replace(scene.registry.catalog.rollouts()[0], id="other", endpoint="other", document={"x": 1})
    with scene.registry.catalog.edit(actor="eve") as tx:
        tx.put_rollout(strange, 0)
        tx.put_plan("other", {})
    scene.pass_time(200)
    assert scene.registry.catalog.rollouts("scoring")[0].status == "promoted"
    assert scene.registry.catalog.rollout("other").status == "running"


def test_a_rollout_that_cannot_be_judged_goes_back_after_a_minute(scene: Scene) -> None:
    scene.begin(CANARY)
    damaged = WindowRecord("scoring", "1.1.0", 0, 1, b"{", 0, 2)
    scene.registry.catalog.observations.store(Delivery("server", 1, 1, {}, (damaged,)))
    for _ in range(60):
        scene.look()
    assert not scene.rollout.ended
    scene.look()
    assert scene.rollout.status == "rolled_back"
    assert scene.rollout.reason.startswith("it cannot be judged: Corrupt: a window of scoring cannot be read")
    assert scene.weights == {"1.0.0": 1.0}


def test_the_durations_that_a_quantile_stands_for_are_fixed_before_they_are_compared(scene: Scene) -> None:
    scene.begin(replace(CANARY, guards=(Guard("latency_p99"),)))
    assert scene.rollout.bases == {}
    scene.pass_time(1)
    basis = scene.rollout.bases["latency_p99"]
    assert scene.rollout.revisions == (2, 3)
    assert basis.since == 3
    assert basis.bound == 62
    scene.look()
    assert scene.rollout.reports[0].n_candidate == 0
    scene.serve(1000)
    scene.look()
    assert scene.rollout.reports[0].n_candidate == 100


def test_traffic_that_is_not_split_as_planned_holds_the_rollout(scene: Scene) -> None:
    scene.begin(replace(CANARY, guards=(Guard("error_rate"),)))
    revision = scene.registry.catalog.plan("scoring").revision
    for _ in range(30):
        champion = scene.answered("1.0.0", 0.9, revision, 2000)
        candidate = scene.answered("1.1.0", 0.1, revision, 2000)
        scene.deliver(champion, replace(candidate, requests={"answered": 120}))
        scene.look()
    assert (scene.rollout.stage, scene.rollout.status) == (0, "running")
    assert "sample-ratio mismatch" in scene.rollout.reason


def test_a_blue_green_switch_is_watched_and_goes_back(scene: Scene) -> None:
    policy = Policy(strategy="blue-green", bake_s=20.0, least_units=50, shadow_units=50, step_s=3.0)
    scene.serve(5000)
    scene.begin(policy)
    scene.pass_time(20)
    assert scene.weights == {"1.1.0": 1.0}
    scene.behaviours["1.1.0"] = Behaviour(fails=0.05)
    scene.pass_time(30)
    assert scene.rollout.status == "rolled_back"
    assert scene.weights == {"1.0.0": 1.0}


def test_a_blue_green_switch_that_holds_is_promoted(scene: Scene) -> None:
    scene.begin(Policy(strategy="blue-green", bake_s=20.0, least_units=50, shadow_units=50, step_s=3.0))
    scene.pass_time(60)
    assert scene.rollout.status == "promoted"


def test_a_shadow_rollout_finishes_and_moves_no_traffic(scene: Scene) -> None:
    scene.begin(Policy(strategy="shadow", shadow_units=50, step_s=3.0))
    before = scene.weights
    scene.pass_time(60)
    assert (scene.rollout.status, scene.weights) == ("finished", before)


def test_what_was_seen_of_merged_windows_counts_once(scene: Scene) -> None:
    from hythe.operations.roll_up import RollUp

    scene.begin(replace(CANARY, step_s=1000.0))
    scene.pass_time(3)
    seen = scene.rollout.reports[0].n_candidate
    observations = scene.registry.catalog.observations
    before = len(observations.read("scoring"))
    RollUp(observations).turn(scene.second + 10_000)
    assert len(observations.read("scoring")) < before
    scene.look()
    assert scene.rollout.reports[0].n_candidate == seen == 1200
