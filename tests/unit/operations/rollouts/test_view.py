"""What people see of a rollout: where it stands, and what its shadow answered otherwise."""

import msgspec
import pytest
from tests.unit.operations.rollouts.scene import NOW, Scene

from hythe.base.errors import NotFound
from hythe.operations.differences import WorstRow
from hythe.operations.rollouts.move import abort
from hythe.operations.rollouts.view import view
from hythe.operations.rollouts.wait import states
from hythe.registry.differences import DifferenceRecord
from hythe.registry.windows import Delivery


def told(scene: Scene, revision: int, request: str, size: float, version: str = "1.1.0") -> DifferenceRecord:
    document = {
        "kind": "changed", "row": 0, "champion": "1.0.0", "answer": {"label": "no"},
        "shadow_answer": {"label": "yes"}, "features": {"tenure": 4}, "reason": "", "later": "unknown",
    }  # fmt: skip
    return DifferenceRecord(
        "scoring", revision, version, request, size, NOW, msgspec.json.encode(document).decode()
    )


def test_the_worst_differences_of_the_rollouts_own_plans_are_shown(scene: Scene) -> None:
    scene.begin()
    [revision] = scene.rollout.revisions
    records = (
        told(scene, revision, "a:0", 1.2),
        told(scene, revision, "b:0", 1.9),
        told(scene, revision - 1, "before:0", 2.0),
        told(scene, revision, "other:0", 2.0, version="2.0.0"),
    )
    scene.registry.catalog.observations.store(Delivery("server", 1, NOW, {}, differences=records))
    seen = view(scene.registry.catalog, "scoring")
    assert [(each.id, each.size) for each in seen.differences] == [("b:0", 1.9), ("a:0", 1.2)]
    assert seen.differences[0] == WorstRow(
        id="b:0",
        kind="changed",
        size=1.9,
        revision=revision,
        at_ns=NOW,
        champion="1.0.0",
        answer={"label": "no"},
        shadow_answer={"label": "yes"},
        features={"tenure": 4},
    )
    assert (seen.stage, seen.share, seen.controller) == ("shadow 10% (1 of 3)", 0.0, "")


def test_a_rollout_is_looked_at_until_it_has_ended(scene: Scene) -> None:
    begun = scene.begin().rollout
    catalog = scene.registry.catalog
    looks: list[int] = []

    def pause() -> None:
        looks.append(len(looks))
        if len(looks) == 3:
            abort(catalog, "scoring", actor="ana")

    seen = [rollout.status for rollout in states(catalog, begun.id, pause)]
    assert seen == ["running", "running", "running", "aborted"]
    with pytest.raises(NotFound, match="no rollout 'other'"):
        next(states(catalog, "other"))
