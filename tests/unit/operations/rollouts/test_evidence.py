"""What is read from the catalog is what was drawn, and each unit once."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace
from tests.unit.operations.rollouts.scene import CANARY, Scene

from hythe.monitor.windows.window import Window
from hythe.operations.rollouts.counted import Cell, Counted
from hythe.operations.rollouts.evidence import Evidence
from hythe.operations.rollouts.pairing import Part, paired
from hythe.operations.windows import stored
from hythe.registry.outcomes import OutcomeRecord
from hythe.registry.windows import Delivery
from hythe.rollout.guard import Guard
from hythe.rollout.state import Basis, Rollout
from hythe.statistics.evidence.sums import Arms, Sums
from hythe.testing.fake_clock import FakeClock

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


def sticky(scene: Scene, *guards: Guard) -> Rollout:
    rollout = scene.begin(replace(CANARY, guards=guards)).rollout
    before = replace(rollout.before, sticky="feature:id")
    bases = {guard.metric: Basis(since=2, bound=60) for guard in guards}
    return replace(rollout, before=before, revisions=(2, 3), bases=bases)


def tell(scene: Scene, *outcomes: OutcomeRecord) -> None:
    observations = scene.registry.catalog.observations
    sequence = observations.observed("s").sequence + 1
    observations.store(Delivery("s", sequence, 1, {}, outcomes=outcomes))


def outcome(
    name: str, metric: str, value: float, arm: tuple[str, int, float], key: str = "", at_ns: int = 1
) -> OutcomeRecord:
    version, revision, share = arm
    return OutcomeRecord(name, 0, metric, value, "scoring", version, revision, share, key, at_ns, at_ns)


OLD, NEW, MORE = ("1.0.0", 2, 0.9), ("1.1.0", 2, 0.1), ("1.1.0", 3, 0.5)


def test_a_sticky_key_is_one_unit_by_its_first_request(scene: Scene) -> None:
    rollout = sticky(scene, Guard("error_rate"))
    firsts = [(OLD, "a", 0.0), (OLD, "b", 1.0), (NEW, "c", 1.0), (MORE, "b", 1.0), (MORE, "d", 0.0)]
    tell(
        scene,
        *(
            outcome(f"p{n}", metric, value, arm, key, n)
            for n, (arm, key, value) in enumerate(firsts)
            for metric in ("error_rate", "refusal_rate")
        ),
    )
    assert split(scene, rollout) == {
        0.1: Arms(Sums.hits(2, 1.0), Sums.hits(1, 1.0)),
        0.5: Arms(Sums.hits(0, 0.0), Sums.hits(1, 0.0)),
    }


def test_a_key_that_got_no_answer_counts_among_the_durations(scene: Scene) -> None:
    rollout = sticky(scene, Guard("latency_p50"))
    tell(
        scene,
        outcome("p1", "refusal_rate", 0.0, OLD, "a"),
        outcome("p1", "latency", 0.00105, OLD, "a"),
        outcome("p2", "refusal_rate", 0.0, OLD, "b"),
        outcome("p3", "refusal_rate", 0.0, NEW, "c"),
        outcome("p3", "latency", 0.5, NEW, "c"),
    )
    found = Evidence(scene.registry.catalog, "scoring", scene.clock).gather(rollout).data["latency_p50"]
    champion, candidate = found.durations[0.1]
    assert (champion.n, champion.buckets) == (2, {61: 1})
    assert (candidate.n, candidate.beyond(100)) == (1, 1)


def test_feedback_counts_once_the_prediction_is_mature(scene: Scene) -> None:
    policy = replace(CANARY, guards=(Guard("accuracy"),), maturity_s=60.0)
    rollout = scene.begin(policy).rollout
    now_ns = int(scene.clock.now().timestamp() * 1e9)
    tell(
        scene,
        outcome("p1", "accuracy", 1.0, NEW, at_ns=now_ns),
        outcome("p2", "accuracy", 0.0, OLD, at_ns=now_ns),
    )
    evidence = Evidence(scene.registry.catalog, "scoring", scene.clock)
    scene.clock.tick(59.0)
    assert evidence.gather(rollout).data["accuracy"].split == {}
    scene.clock.tick(2.0)
    assert evidence.gather(rollout).data["accuracy"].split[0.1].b.total == 1.0


class Slow(FakeClock):
    """A clock by which each look takes a second."""

    def monotonic_s(self) -> float:
        """Let a second pass."""
        self.tick(1.0)
        return super().monotonic_s()


def test_outcomes_are_not_read_more_often_than_there_is_time_for(scene: Scene) -> None:
    rollout = scene.begin(replace(CANARY, guards=(Guard("accuracy"),))).rollout
    clock = Slow()
    evidence = Evidence(scene.registry.catalog, "scoring", clock)

    def seen() -> float:
        return float(sum(arms.b.n for arms in evidence.gather(rollout).data["accuracy"].split.values()))

    assert seen() == 0
    tell(scene, outcome("p1", "accuracy", 1.0, NEW))
    assert [seen() for _ in range(8)] == [0] * 8
    clock.tick(2.0)
    assert seen() == 1
