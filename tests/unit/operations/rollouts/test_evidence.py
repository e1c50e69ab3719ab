"""What is read from the catalog is what was drawn, and each unit once."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace
from tests.unit.operations.rollouts.scene import CANARY, Scene

from hythe.monitor.window import Window
from hythe.operations.rollouts.counted import Cell, Counted
from hythe.operations.rollouts.evidence import Evidence
from hythe.operations.rollouts.pairing import Part, paired
from hythe.operations.windows import stored
from hythe.registry.outcomes import OutcomeRecord
from hythe.registry.windows import Delivery
from hythe.rollout.guard import Guard
from hythe.rollout.state import Basis, Rollout
from hythe.statistics.evidence.sums import Arms, Sums

ERRORS = replace(CANARY, guards=(Guard("error_rate"),))


def window(version: str, share: float | None, revision: int, **counted: int) -> Window:
    requests = {name.replace("__", ":"): n for name, n in counted.items() if name != "rescued"}
    rescued = counted.get("rescued", 0)
    return Window("scoring", version, 7, share=share, revision=revision, requests=requests, rescued=rescued)


def split(scene: Scene, rollout: Rollout) -> dict[float, Arms]:
    found = Evidence(scene.registry.catalog, "scoring", scene.clock).gather(rollout)
    return dict(found.data["error_rate"].split)


def test_a_failure_that_a_fallback_made_good_counts_against_who_failed(scene: Scene) -> None:
    rollout = scene.begin(ERRORS).rollout
    scene.deliver(
        window("1.0.0", 0.9, 2, answered=90),
        window("1.1.0", 0.1, 2, answered=6, failed__internal=1, rescued=3),
        window("1.0.0", 0.0, 2, answered=3),
    )
    assert split(scene, rollout) == {0.1: Arms(Sums.hits(90, 0), Sums.hits(10, 4))}


def test_what_nothing_was_left_to_chance_for_is_in_no_comparison(scene: Scene) -> None:
    rollout = scene.begin(ERRORS).rollout
    scene.deliver(window("1.1.0", 0.0, 2, failed__internal=50), window("1.0.0", None, 2, answered=8))
    assert split(scene, rollout) == {}


def test_only_plans_of_the_rollout_count_and_those_from_its_basis_on(scene: Scene) -> None:
    rollout = scene.begin(ERRORS).rollout
    scene.deliver(*(window("1.1.0", 0.1, revision, answered=10) for revision in (0, 1, 2, 3, 9)))
    assert split(scene, rollout)[0.1].b.n == 10
    later = replace(rollout, revisions=(2, 3), bases={"error_rate": Basis(since=3)})
    assert split(scene, later)[0.1].b.n == 10
    assert split(scene, replace(later, bases={"error_rate": Basis(since=2)}))[0.1].b.n == 20


def test_an_arm_that_has_seen_nothing_yet_is_paired_with_the_other(scene: Scene) -> None:
    rollout = scene.begin(ERRORS).rollout
    scene.deliver(window("1.0.0", 0.9, 2, answered=90))
    assert split(scene, rollout) == {0.1: Arms(Sums.hits(90, 0), Sums.hits(0, 0))}


def test_plans_of_one_share_count_together(scene: Scene) -> None:
    rollout = replace(scene.begin(ERRORS).rollout, revisions=(2, 3, 4))
    parts = [
        Part(revision, version, share, revision)
        for revision, candidate in ((2, 0.1), (3, 0.5), (4, 0.1))
        for version, share in (("1.0.0", 1.0 - candidate), ("1.1.0", candidate), ("0.9.0", 0.0))
    ]
    assert paired(parts, rollout, 0) == {0.1: ([2, 4], [2, 4]), 0.5: ([3], [3])}


def test_a_window_is_read_once_and_goes_when_it_is_merged(scene: Scene) -> None:
    observations = scene.registry.catalog.observations
    counted = Counted(observations, "scoring")
    scene.deliver(window("1.0.0", 1.0, 1, answered=3), window("1.0.0", 1.0, 1, answered=4))
    cell = Cell(1, "1.0.0", 1.0)
    assert counted.look([1])[cell]["answered"] == 7
    old = observations.read("scoring")
    assert observations.replace(old, [stored(window("1.0.0", 1.0, 1, answered=7))])
    assert +counted.look([1])[cell] == Counter(answered=7)
    assert +counted.look([])[cell] == Counter()


def test_a_sticky_key_is_one_unit_by_its_first_request(scene: Scene) -> None:
    rollout = scene.begin(ERRORS).rollout
    rollout = replace(rollout, before=replace(rollout.before, sticky="feature:id"), revisions=(2, 3))
    outcomes = [
        OutcomeRecord(f"p{n}", 0, metric, value, "scoring", version, revision, share, key, n, n)
        for n, (version, revision, share, key, value) in enumerate(
            [
                ("1.0.0", 2, 0.9, "a", 0.0),
                ("1.0.0", 2, 0.9, "b", 1.0),
                ("1.1.0", 2, 0.1, "c", 1.0),
                ("1.1.0", 3, 0.5, "b", 1.0),
                ("1.1.0", 3, 0.5, "d", 0.0),
            ]
        )
        for metric in ("error_rate", "refusal_rate")
    ]
    scene.registry.catalog.observations.store(Delivery("s", 1, 1, {}, outcomes=tuple(outcomes)))
    assert split(scene, rollout) == {
        0.1: Arms(Sums.hits(2, 1.0), Sums.hits(1, 1.0)),
        0.5: Arms(Sums.hits(0, 0.0), Sums.hits(1, 0.0)),
    }
