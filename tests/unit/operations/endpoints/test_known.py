"""Endpoints are listed, shown, removed; and what each served when can be told."""

import pytest

from hythe.base.errors import Conflict, NotFound
from hythe.operations.endpoints.apply import apply
from hythe.operations.endpoints.create import create
from hythe.operations.endpoints.document import plan_document
from hythe.operations.endpoints.history import history
from hythe.operations.endpoints.known import known, show
from hythe.operations.endpoints.remove import remove
from hythe.registry.registry import Registry
from hythe.registry.rollouts import RolloutRecord


def canary(registry: Registry, share: float, *, why: str = "") -> None:
    arms = [{"version": "1.0.0", "weight": 100 - share}, {"version": "1.1.0", "weight": share}]
    apply(registry, "scoring", plan_document({"model": "churn", "arms": arms}), actor="bo", why=why)


def test_what_is_shown_can_be_applied_elsewhere(registry: Registry) -> None:
    create(registry, "scoring", "churn:1.0.0", actor="ana")
    found = show(registry.catalog, "scoring")
    assert (found.revision, found.by, found.rollout, found.fault) == (1, "ana", "", "")
    assert found.plan is not None
    assert not apply(registry, "scoring", found.plan, actor="bo").applied


def test_an_endpoint_that_is_not_there_is_said_with_those_that_are(registry: Registry) -> None:
    create(registry, "scoring", "churn:1.0.0", actor="ana")
    with pytest.raises(NotFound, match="known endpoints: scoring"):
        show(registry.catalog, "scorign")
    with pytest.raises(NotFound, match="known endpoints: scoring"):
        remove(registry.catalog, "scorign", actor="ana")
    with pytest.raises(NotFound, match="known endpoints: scoring"):
        history(registry.catalog, "scorign")


def test_a_plan_that_cannot_be_followed_hides_no_other(registry: Registry) -> None:
    create(registry, "scoring", "churn:1.0.0", actor="ana")
    with registry.catalog.edit(actor="ana") as tx:
        tx.put_plan("newer", {"arms": [], "format": 9})
    newer, scoring = known(registry.catalog)
    assert (newer.plan, scoring.fault) == (None, "")
    assert "newer Hythe" in newer.fault


def test_an_endpoint_in_a_rollout_is_shown_as_such_and_stays(registry: Registry) -> None:
    create(registry, "scoring", "churn:1.0.0", actor="ana")
    with registry.catalog.edit(actor="bo") as tx:
        tx.put_rollout(RolloutRecord("r1", "scoring", "running", 0, {}), 0)
    assert show(registry.catalog, "scoring").rollout == "r1"
    with pytest.raises(Conflict, match="in rollout r1"):
        remove(registry.catalog, "scoring", actor="ana")
    assert len(known(registry.catalog)) == 1


def test_history_says_what_served_when_and_who_moved_it(registry: Registry) -> None:
    create(registry, "scoring", "churn:1.0.0", actor="ana", why="first")
    canary(registry, 10, why="try it")
    remove(registry.catalog, "scoring", actor="ana", why="gone")
    create(registry, "scoring", "churn:1.1.0", actor="cy")
    moves = history(registry.catalog, "scoring")
    served = [{arm.version: round(arm.share, 9) for arm in move.arms} for move in moves]
    assert served == [{"1.0.0": 1.0}, {"1.0.0": 0.9, "1.1.0": 0.1}, {}, {"1.1.0": 1.0}]
    assert [move.by for move in moves] == ["ana", "bo", "ana", "cy"]
    assert [move.why for move in moves] == ["first", "try it", "gone", "create with churn:1.1.0"]
    assert [move.until for move in moves] == [*(move.at for move in moves[1:]), ""]
    assert [move.revision for move in moves] == [1, 2, 0, registry.catalog.plan("scoring").revision]


def test_history_has_the_evidence_beside_the_plan_that_it_moved(registry: Registry) -> None:
    create(registry, "scoring", "churn:1.0.0", actor="ana")
    after = dict(registry.catalog.plan("scoring").document)
    with registry.catalog.edit(actor="controller", why="split 5%") as tx:
        tx.put_plan("scoring", {**after, "rollout": "r1"}, 1)
        said = {"stage": "split 5% (2 of 4)", "reports": [{"metric": "error_rate"}]}
        tx.put_rollout(RolloutRecord("r1", "scoring", "running", 0, {}), 0, said)
    with registry.catalog.edit(actor="bo", why="look into it") as tx:
        tx.put_rollout(RolloutRecord("r1", "scoring", "paused", 0, {}), 1, {"reason": "look into it"})
    first, moved, paused = history(registry.catalog, "scoring")
    assert (first.rollout, first.status) == ("", "")
    assert (moved.revision, moved.rollout, moved.status) == (2, "r1", "running")
    assert moved.evidence == said
    assert (paused.revision, paused.status, paused.arms) == (2, "paused", moved.arms)
    assert paused.evidence == {"reason": "look into it"}
