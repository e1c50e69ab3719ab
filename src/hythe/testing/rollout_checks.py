"""What every catalog promises of rollouts, revisions and leases: named checks, as in `catalog_checks`."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Barrier, Thread

import msgspec
import pytest

from hythe.base.errors import Conflict, NotFound
from hythe.registry.edit import Edit
from hythe.registry.leases import Claim, Lease
from hythe.registry.outcomes import OutcomeRecord
from hythe.registry.rollouts import RolloutRecord
from hythe.registry.tables import rollouts
from hythe.registry.windows import Delivery, WindowRecord
from hythe.testing.catalog_checks import ONE, TWO, Check, Open
from hythe.testing.fake_clock import FakeClock

ROLLOUT = RolloutRecord("r1", "scoring", "running", 0, {"champion": {"digest": ONE}, "stage": 0})


def a_rollout_moves_by_counted_turns(opened: Open) -> None:
    """Give the document back as it was put; the log tells each move, who made it and on what evidence."""
    catalog = opened()
    with catalog.edit(actor="ana", why="try it") as tx:
        assert tx.put_rollout(ROLLOUT, 0, {"stage": "5%"}).turn == 1
    moved = msgspec.structs.replace(ROLLOUT, status="promoted", document={"stage": 3})
    with catalog.edit(actor="controller") as tx:
        tx.put_rollout(moved, 1, {"reports": [{"metric": "error_rate", "e": 31.0}]})
    assert opened().rollout("r1") == msgspec.structs.replace(moved, turn=2)
    first, second = catalog.history("endpoint/scoring")
    assert (first.actor, first.why, first.before) == ("ana", "try it", None)
    assert first.after == {"id": "r1", "status": "running", "stage": "5%"}
    assert second.before == {"id": "r1", "status": "running"}
    assert second.after["reports"] == [{"metric": "error_rate", "e": 31.0}]
    assert catalog.faults() == []


def a_rollout_moved_meanwhile_is_a_conflict(opened: Open) -> None:
    """Whoever saw an earlier turn has to look again, and nothing of the edit is kept."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.put_rollout(ROLLOUT, 0)

    def both(tx: Edit, expected: int) -> None:
        tx.put_plan("scoring", {"arms": []})
        tx.put_rollout(ROLLOUT, expected)

    for expected in (0, 2):
        with pytest.raises(Conflict, match=f"at turn 1, not {expected}"), catalog.edit(actor="bo") as tx:
            both(tx, expected)
    assert catalog.plans() == []
    assert len(catalog.history()) == 1


def an_endpoint_is_in_one_rollout_at_a_time(opened: Open) -> None:
    """Name the first to who begins a second; one that is paused counts, one that has ended does not."""
    catalog = opened()
    second = msgspec.structs.replace(ROLLOUT, id="r2")
    with catalog.edit(actor="ana") as tx:
        first = tx.put_rollout(ROLLOUT, 0)
        tx.put_rollout(msgspec.structs.replace(ROLLOUT, id="r0", endpoint="other"), 0)
    with pytest.raises(Conflict, match="in rollout r1 already"), catalog.edit(actor="bo") as tx:
        tx.put_rollout(second, 0)
    with catalog.edit(actor="ana") as tx:
        first = tx.put_rollout(msgspec.structs.replace(first, status="paused"), 1)
    with pytest.raises(Conflict, match="which is paused"), catalog.edit(actor="bo") as tx:
        tx.put_rollout(second, 0)
    with catalog.edit(actor="ana") as tx:
        tx.put_rollout(msgspec.structs.replace(first, status="aborted"), 2)
        tx.put_rollout(second, 0)
    assert [record.id for record in catalog.rollouts()] == ["r0", "r1", "r2"]
    assert [record.id for record in catalog.rollouts("scoring")] == ["r1", "r2"]
    assert [record.id for record in catalog.rollouts(running=True)] == ["r0", "r2"]
    assert catalog.faults() == []


def what_a_rollout_has_seen_is_kept_without_a_log_entry(opened: Open) -> None:
    """Take a turn for it like for a move, and let it move nothing."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        record = tx.put_rollout(ROLLOUT, 0)
    seen = catalog.keep_rollout(msgspec.structs.replace(record, document={"seen": 7}), 1)
    assert (seen.turn, opened().rollout("r1").document) == (2, {"seen": 7})
    with pytest.raises(Conflict, match="at turn 2, not 1"):
        catalog.keep_rollout(record, 1)
    with pytest.raises(Conflict, match="is running, not promoted"):
        catalog.keep_rollout(msgspec.structs.replace(record, status="promoted"), 2)
    assert len(catalog.history()) == 1
    assert catalog.faults() == []


def an_unknown_rollout_is_not_found(opened: Open) -> None:
    """Say where the known ones are shown."""
    with pytest.raises(NotFound, match="hythe rollout status"):
        opened().rollout("r9")


def a_rollout_moved_behind_the_log_is_found(opened: Open) -> None:
    """Whoever ends one in its row is found by `fsck`."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.put_rollout(ROLLOUT, 0)
        tx._run(rollouts.update().values(status="promoted"))  # noqa: SLF001 - what an intruder would do
    assert ["r1" in fault for fault in catalog.faults()] == [True]


def of_two_controllers_that_move_one_rollout_one_gets_a_conflict(opened: Open) -> None:
    """Both saw the same turn; what the slower one wanted to put with it is not put."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.put_plan("scoring", {"arms": []})
        tx.put_rollout(ROLLOUT, 0)
    start = Barrier(2)
    outcomes: list[str] = []

    def move(status: str) -> None:
        own = opened()
        start.wait(timeout=30)
        try:
            with own.edit(actor=status) as tx:
                tx.put_plan("scoring", {"by": status}, expected_revision=1)
                tx.put_rollout(msgspec.structs.replace(ROLLOUT, status=status), 1)
            outcomes.append(status)
        except Conflict:
            pass

    threads = [Thread(target=move, args=(status,)) for status in ("promoted", "rolled_back")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    [won] = outcomes
    assert (catalog.rollout("r1").status, catalog.plan("scoring").document) == (won, {"by": won})


def a_revision_never_comes_back(opened: Open) -> None:
    """Not even when the endpoint is removed and made again: what is counted is counted under revisions."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        assert [tx.put_plan("scoring", {"n": n}) for n in range(2)] == [1, 2]
        tx.put_plan("other", {})
        tx.remove_plan("scoring")
    with catalog.edit(actor="ana") as tx:
        assert tx.put_plan("scoring", {}, expected_revision=0) == 3
        assert tx.put_plan("scoring", {}, expected_revision=3) == 4
        tx.remove_plan("scoring")
        assert tx.put_plan("scoring", {}) == 5
    assert catalog.faults() == []


def a_version_in_a_rollout_cannot_be_removed(opened: Open) -> None:
    """Until the rollout has ended; a fallback, which a plan names by its number, neither."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.add_version("churn", "1.0.0", ONE)
        tx.add_version("churn", "1.1.0", TWO)
        tx.put_rollout(ROLLOUT, 0)
        tx.put_plan("scoring", {"model": "churn", "fallback": ["1.1.0"]})
    with pytest.raises(Conflict, match="'scoring' is in a rollout with"), catalog.edit(actor="bo") as tx:
        tx.remove_version("churn:1.0.0")
    with pytest.raises(Conflict, match=r"'scoring' serves 'churn:1\.1\.0'"), catalog.edit(actor="bo") as tx:
        tx.remove_version("churn:1.1.0")
    with catalog.edit(actor="ana") as tx:
        tx.put_rollout(msgspec.structs.replace(ROLLOUT, status="promoted"), 1)
        tx.remove_version("churn:1.0.0")


def a_lease_has_one_holder(opened: Open) -> None:
    """Of two that saw the same turn, one takes it."""
    catalog, other = opened(), opened()
    assert catalog.leases.read("controller") == Lease("controller", "", 0)
    first = catalog.leases.write(Lease("controller"), "a")
    assert (first.holder, first.turn) == ("a", 1)
    for seen in (Lease("controller"), Lease("controller", "a", 7)):
        with pytest.raises(Conflict, match="look again"):
            other.leases.write(seen, "b")
    assert other.leases.read("controller") == first
    assert other.leases.write(first, "b") == Lease("controller", "b", 2)


def a_lease_is_taken_over_once_its_turn_stands_still(opened: Open) -> None:
    """For as long as the other's own monotonic clock says; a wall clock plays no part."""
    clock = FakeClock()
    one, two = (Claim(opened().leases, "controller", name, clock.monotonic_s, 10.0) for name in "ab")
    assert (one.held(), two.held()) == (True, False)
    for _ in range(5):
        clock.tick(9.0)
        assert (one.held(), two.held()) == (True, False)
    clock.tick(9.9)
    assert not two.held()
    clock.tick(0.2)
    assert (two.held(), one.held()) == (True, False)
    assert one.holder == "b"


def a_lease_given_up_is_free_at_once(opened: Open) -> None:
    """Whoever ends in order lets the next one begin."""
    clock = FakeClock()
    one, two = (Claim(opened().leases, "controller", name, clock.monotonic_s, 10.0) for name in "ab")
    assert (one.held(), two.held()) == (True, False)
    two.release()
    assert one.held()
    one.release()
    assert (two.held(), one.held()) == (True, False)


def windows_are_found_by_the_revisions_they_were_counted_under(opened: Open) -> None:
    """Give those known already by their ids alone."""
    observations = opened().observations
    stored = tuple(_window(start, revision) for start, revision in ((0, 4), (1, 5), (2, 6), (3, 5)))
    observations.store(Delivery("server", 1, 10, {}, (*stored, WindowRecord("x", "1", 0, 1, b"{}", 0, 5))))
    keys, found = observations.counted("scoring", [5, 6])
    assert sorted(key.id for key in keys) == [window.id for window in found]
    assert [(window.start, window.revision) for window in found] == [(1, 5), (2, 6), (3, 5)]
    again, new = observations.counted("scoring", [5, 6], known=keys[:2])
    assert sorted(again) == sorted(keys)
    assert [window.id for window in new] == [key.id for key in keys[2:]]
    assert observations.counted("scoring", []) == ([], [])
    assert [window.start for window in observations.newest("scoring", 5, most=2)] == [3, 1]
    assert [window.start for window in observations.newest("scoring", 5, most=1)] == [3]


def a_merged_window_is_never_taken_for_one_that_was_known(opened: Open) -> None:
    """Not even where the database could give it the id of one that goes."""
    observations = opened().observations
    observations.store(Delivery("server", 1, 10, {}, (_window(0, 5), _window(0, 5))))
    known, old = observations.counted("scoring", [5])
    assert observations.replace(old, [msgspec.structs.replace(old[0], document=b"[]")])
    [key], [new] = observations.counted("scoring", [5], known)
    assert key not in known
    assert new.document == b"[]"


def durations_are_counted_by_bucket_and_by_key(opened: Open) -> None:
    """Take each key's first one; a duration on a bound is in that bound's bucket."""
    values = {"a": 0.1, "b": 0.15, "c": 0.2, "d": 0.9, "e": 0.05}
    records = [_duration(f"p{key}", key, value) for key, value in values.items()]
    late = msgspec.structs.replace(_duration("pz", "a", 0.9), predicted_ns=9, revision=6)
    opened().observations.store(Delivery("server", 1, 10, {}, outcomes=(*records, late)))
    outcomes = opened().outcomes
    [found] = outcomes.histograms("scoring", "latency", [5, 6], [0.1, 0.2, 0.4], by_key=True)
    assert (found.version, found.share, found.revision) == ("1.0.0", 0.5, 5)
    assert found.buckets == {0: 2, 1: 2, 3: 1}
    later = outcomes.histograms("scoring", "latency", [6], [0.1, 0.2, 0.4], by_key=True)
    assert [each.buckets for each in later] == [{3: 1}]
    assert outcomes.histograms("scoring", "latency", [], [0.1]) == []


def _duration(prediction: str, key: str, value: float) -> OutcomeRecord:
    return OutcomeRecord(prediction, 0, "latency", value, "scoring", "1.0.0", 5, 0.5, key, 1, 1)


def _window(start: int, revision: int) -> WindowRecord:
    return WindowRecord("scoring", "1.0.0", start, 1, b"{}", 0, revision)


CHECKS: Sequence[Check] = (
    a_rollout_moves_by_counted_turns,
    a_rollout_moved_meanwhile_is_a_conflict,
    an_endpoint_is_in_one_rollout_at_a_time,
    what_a_rollout_has_seen_is_kept_without_a_log_entry,
    an_unknown_rollout_is_not_found,
    a_rollout_moved_behind_the_log_is_found,
    of_two_controllers_that_move_one_rollout_one_gets_a_conflict,
    a_revision_never_comes_back,
    a_version_in_a_rollout_cannot_be_removed,
    a_lease_has_one_holder,
    a_lease_is_taken_over_once_its_turn_stands_still,
    a_lease_given_up_is_free_at_once,
    windows_are_found_by_the_revisions_they_were_counted_under,
    a_merged_window_is_never_taken_for_one_that_was_known,
    durations_are_counted_by_bucket_and_by_key,
)
