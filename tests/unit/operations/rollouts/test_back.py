"""The way back leads to what served before, in one step."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.operations.rollouts.scene import CANARY, Scene

from hythe.base.errors import Conflict, Denied, NotFound
from hythe.operations.rollouts.back import rollback, settled
from hythe.operations.rollouts.move import abort, promote
from hythe.registry.records import LogEntry


def back(scene: Scene) -> Any:
    return rollback(scene.registry.catalog, "scoring", actor="bo", why="it is wrong", clock=scene.clock)


def test_in_a_rollout_it_leads_to_the_plan_before_it_and_ends_it(scene: Scene) -> None:
    before = scene.registry.catalog.plan("scoring").document
    scene.begin(CANARY)
    done = back(scene)
    assert scene.registry.catalog.plan("scoring").document == before
    assert (done.rollout.status, done.rollout.reason) == ("rolled_back", "rolled back by bo: it is wrong")
    assert done.revision == scene.registry.catalog.plan("scoring").revision == 3
    entries = scene.registry.history("endpoint/scoring")[-2:]
    assert [(entry.action, entry.actor) for entry in entries] == [("put plan", "bo"), ("rollout", "bo")]


def test_after_a_promotion_it_leads_past_the_steps_to_what_served_before(scene: Scene) -> None:
    scene.begin(CANARY)
    scene.pass_time(200)
    assert scene.weights == {"1.1.0": 1.0}
    back(scene)
    assert scene.weights == {"1.0.0": 1.0}
    back(scene)
    assert scene.weights == {"1.1.0": 1.0}


def test_after_a_rollout_that_went_back_it_does_not_lead_to_the_rejected_version(scene: Scene) -> None:
    scene.begin(CANARY)
    abort(scene.registry.catalog, "scoring", actor="bo")
    with pytest.raises(Conflict, match="never had another plan"):
        back(scene)
    assert scene.weights == {"1.0.0": 1.0}


def test_it_does_not_lead_to_a_version_that_was_rejected_or_removed_meanwhile(scene: Scene) -> None:
    scene.begin(CANARY)
    promote(scene.registry.catalog, "scoring", actor="bo")
    with scene.registry.catalog.edit(actor="eve") as tx:
        tx.reject("churn:1.0.0")
    with pytest.raises(Denied, match="rejected by eve"):
        back(scene)
    scene.registry.remove("churn:1.0.0", actor="eve")
    with pytest.raises(NotFound, match="known versions"):
        back(scene)
    assert scene.weights == {"1.1.0": 1.0}


def test_in_a_rollout_no_later_word_about_the_champion_holds_up_the_way_back(scene: Scene) -> None:
    scene.begin(CANARY)
    with scene.registry.catalog.edit(actor="eve") as tx:
        tx.reject("churn:1.0.0")
    back(scene)
    assert scene.weights == {"1.0.0": 1.0}


def test_a_plan_put_by_hand_in_a_rollout_is_left_for_the_plan_before_it(scene: Scene) -> None:
    scene.begin(CANARY)
    with scene.registry.catalog.edit(actor="eve") as tx:
        document = dict(tx.plan("scoring").document)
        document.pop("rollout")
        tx.put_plan("scoring", {**document, "join_share": 0.5})
    done = back(scene)
    assert done.rollout.status == "aborted"
    assert scene.weights == {"1.0.0": 1.0}


def entry(action: str, after: Any) -> LogEntry:
    return LogEntry(0, "", "", action, "endpoint/x", None, after, "", "")


def test_an_endpoint_came_to_rest_on_peoples_plans_and_on_what_was_promoted() -> None:
    one, two, three = {"arms": 1}, {"arms": 2}, {"arms": 3}
    steps = [
        one,
        {"arms": 5, "rollout": "a"}, {"arms": 6, "rollout": "a"}, {**two, "rollout": "a"},
        {"arms": 7, "rollout": "b"}, {**two, "rollout": "a"},
        two, three,
    ]  # fmt: skip
    found = settled([entry("put plan", step) for step in steps], {"a"})
    assert [document["arms"] for document in found] == [1, 2, 3]
