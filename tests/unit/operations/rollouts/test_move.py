"""What people do to a rollout under way."""

from __future__ import annotations

import pytest
from tests.unit.operations.rollouts.scene import CANARY, Scene

from hythe.base.errors import Conflict, Denied, NotFound
from hythe.operations.rollouts.move import abort, pause, promote, resume
from hythe.operations.rollouts.status import status


def test_a_person_may_promote_whatever_the_evidence(scene: Scene) -> None:
    scene.begin(CANARY)
    ended = promote(scene.registry.catalog, "scoring", actor="bo", why="it is urgent", clock=scene.clock)
    assert (ended.status, ended.reason) == ("promoted", "promoted by bo: it is urgent")
    assert ended == scene.rollout
    assert ended.ended_at == "2026-01-01T00:00:00.000Z"
    assert scene.weights == {"1.1.0": 1.0}


def test_an_aborted_rollout_leaves_what_stood_before(scene: Scene) -> None:
    before = scene.registry.catalog.plan("scoring").document
    scene.begin(CANARY)
    assert abort(scene.registry.catalog, "scoring", actor="bo").status == "aborted"
    assert scene.registry.catalog.plan("scoring").document == before
    assert scene.registry.catalog.plan("scoring").revision == 3


def test_the_same_move_again_changes_nothing(scene: Scene) -> None:
    scene.begin(CANARY)
    catalog = scene.registry.catalog
    pause(catalog, "scoring", actor="bo")
    entries = len(catalog.history())
    assert pause(catalog, "scoring", actor="cy").status == "paused"
    assert len(catalog.history()) == entries
    assert resume(catalog, "scoring", actor="cy").status == "running"


def test_a_move_of_nothing_says_so(scene: Scene) -> None:
    for move in (promote, pause, resume, abort):
        with pytest.raises(NotFound, match="'scoring' is in no rollout"):
            move(scene.registry.catalog, "scoring", actor="bo")
    with pytest.raises(NotFound, match="never in a rollout"):
        status(scene.registry.catalog, "scoring")


def test_a_rejected_candidate_is_not_promoted(scene: Scene) -> None:
    scene.begin(CANARY)
    with scene.registry.catalog.edit(actor="eve") as tx:
        tx.reject("churn:1.1.0")
    with pytest.raises(Denied, match="rejected by eve"):
        promote(scene.registry.catalog, "scoring", actor="bo")


def test_a_plan_of_another_hand_is_not_written_over(scene: Scene) -> None:
    scene.begin(CANARY)
    with scene.registry.catalog.edit(actor="eve") as tx:
        tx.put_plan("scoring", {**tx.plan("scoring").document, "join_share": 0.5})
    with pytest.raises(Conflict, match="eve put another plan"):
        promote(scene.registry.catalog, "scoring", actor="bo")
    abort(scene.registry.catalog, "scoring", actor="bo")
    assert scene.registry.catalog.plan("scoring").document["join_share"] == 0.5


def test_the_status_says_all_there_is(scene: Scene) -> None:
    scene.begin(CANARY)
    scene.pass_time(2)
    seen = status(scene.registry.catalog, "scoring")
    assert (seen.stage, seen.share, seen.controller) == ("split 10% (1 of 2)", 0.1, "")
    assert {report.metric for report in seen.rollout.reports} == {"error_rate", "latency_p99", "refusal_rate"}
    assert [entry.actor for entry in seen.moves] == ["ana", "controller"]
    promote(scene.registry.catalog, "scoring", actor="bo")
    assert status(scene.registry.catalog, "scoring").share == 1.0


def test_the_status_is_of_the_rollout_that_was_moved_last(scene: Scene) -> None:
    first = scene.begin(CANARY).rollout
    abort(scene.registry.catalog, "scoring", actor="bo")
    scene.clock.tick(-7200.0)
    second = scene.begin(CANARY).rollout
    assert first.id != second.id
    abort(scene.registry.catalog, "scoring", actor="bo")
    assert status(scene.registry.catalog, "scoring").rollout.id == second.id
