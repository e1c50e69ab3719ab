"""What every catalog promises, whatever database holds it: a list of named checks.

Each check takes a function that opens the same, at first empty, catalog; calling it twice gives two
connections of two would-be processes (of the in-memory catalog, one and the same).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import TypeAlias

import pytest

from hythe.base.errors import Conflict, Invalid, NotFound
from hythe.registry.catalog import Catalog
from hythe.registry.edit import Edit
from hythe.registry.records import Approval
from hythe.registry.tables import keys
from hythe.registry.usage import Spent
from hythe.security.keys import Permit, new_key

Open: TypeAlias = Callable[[], Catalog]
Check: TypeAlias = Callable[[Open], None]

KEY = new_key()
ONE, TWO, THREE = (f"sha256:{digit * 64}" for digit in "123")


def a_version_is_found_by_every_kind_of_ref(opened: Open) -> None:
    """Name, number, alias and digest lead to the same version."""
    catalog = _with_version(opened)
    with catalog.edit(actor="ana") as tx:
        tx.alias("churn:champion", "1.0.0")
        tx.approve("churn:1.0.0")
    for ref in ("churn", "churn:1.0.0", "churn:champion", f"churn@{ONE}"):
        assert catalog.resolve(ref).digest == ONE


def an_unknown_ref_names_what_is_known(opened: Open) -> None:
    """List the versions and models that exist."""
    catalog = _with_version(opened)
    with pytest.raises(NotFound, match=r"'churn:9.0.0' is not in the registry; known versions: 1.0.0"):
        catalog.resolve("churn:9.0.0")
    with pytest.raises(NotFound, match="'fraud' is not in the registry; known models: churn"):
        catalog.resolve("fraud")


def a_name_alone_means_the_newest_approved_version(opened: Open) -> None:
    """By SemVer order, not by text or time."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        for version, digest in (("1.10.0", ONE), ("1.9.0", TWO), ("2.0.0", THREE)):
            tx.add_version("churn", version, digest)
        tx.approve("churn:1.9.0")
        tx.approve("churn:1.10.0")
    assert catalog.resolve("churn").version == "1.10.0"
    assert catalog.resolve("churn").notice == ""


def without_approval_the_newest_that_is_not_rejected_is_meant_with_a_notice(opened: Open) -> None:
    """Tell the person that nobody approved it."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.add_version("churn", "1.0.0", ONE)
        tx.add_version("churn", "1.1.0", TWO)
        tx.reject("churn:1.1.0", note="wrong data")
    found = catalog.resolve("churn")
    assert found.version == "1.0.0"
    assert "no version of 'churn' is approved" in found.notice


def the_same_version_again_changes_nothing(opened: Open) -> None:
    """Leave one version and one log entry."""
    catalog = _with_version(opened)
    with catalog.edit(actor="bo") as tx:
        tx.add_version("churn", "1.0.0", ONE)
    assert [entry.actor for entry in catalog.history()] == ["ana"]


def a_version_with_other_bytes_is_a_conflict(opened: Open) -> None:
    """Keep what the version stood for first."""
    catalog = _with_version(opened)
    with pytest.raises(Conflict, match="exists already with other bytes"), catalog.edit(actor="bo") as tx:
        tx.add_version("churn", "1.0.0", TWO)
    assert catalog.resolve("churn:1.0.0").digest == ONE


def nothing_of_an_edit_that_fails_is_kept(opened: Open) -> None:
    """Neither rows nor log entries."""
    catalog = opened()

    def fails(tx: Edit) -> None:
        tx.add_version("churn", "1.0.0", ONE)
        tx.alias("churn:champion", "1.0.0")
        tx.resolve("churn:7.0.0")

    with pytest.raises(NotFound), catalog.edit(actor="ana") as tx:
        fails(tx)
    assert catalog.models() == []
    assert catalog.history() == []


def an_alias_moves_and_goes(opened: Open) -> None:
    """One alias stands for one version at a time."""
    catalog = _with_version(opened)
    with catalog.edit(actor="ana") as tx:
        tx.add_version("churn", "1.1.0", TWO)
        tx.alias("churn:champion", "1.0.0")
        tx.alias("churn:champion", "1.1.0")
    assert catalog.resolve("churn:champion").version == "1.1.0"
    assert catalog.resolve("churn:1.1.0").aliases == ("champion",)
    with catalog.edit(actor="ana") as tx:
        tx.unalias("churn:champion")
    with pytest.raises(NotFound):
        catalog.resolve("churn:champion")


def an_alias_of_an_unknown_version_is_refused(opened: Open) -> None:
    """Aliases never dangle."""
    catalog = _with_version(opened)
    with pytest.raises(NotFound, match=r"known versions: 1\.0\.0"), catalog.edit(actor="ana") as tx:
        tx.alias("churn:champion", "3.0.0")


def an_approval_tells_who_when_and_why(opened: Open) -> None:
    """State, person, moment and note."""
    catalog = _with_version(opened)
    with catalog.edit(actor="bo", why="review 7") as tx:
        tx.approve("churn:1.0.0", note="passed review")
    approval = catalog.resolve("churn:1.0.0").approval
    assert (approval.state, approval.by, approval.note) == ("approved", "bo", "passed review")
    assert approval.at.endswith("Z")


def the_log_tells_before_after_and_why(opened: Open) -> None:
    """Every change has one entry."""
    catalog = _with_version(opened)
    with catalog.edit(actor="bo", why="better on new data") as tx:
        tx.add_version("churn", "1.1.0", TWO)
        tx.alias("churn:champion", "1.0.0")
    with catalog.edit(actor="cy", why="better on new data") as tx:
        tx.alias("churn:champion", "1.1.0")
    last = catalog.history("churn")[-1]
    assert (last.actor, last.action, last.why) == ("cy", "alias", "better on new data")
    assert last.before == {"alias": "champion", "version": "1.0.0"}
    assert last.after == {"alias": "champion", "version": "1.1.0"}
    assert [entry.seq for entry in catalog.history()] == [1, 2, 3, 4]
    assert catalog.faults() == []


def a_change_needs_an_actor(opened: Open) -> None:
    """Nobody changes anything namelessly."""
    catalog = opened()
    with pytest.raises(Invalid, match="no actor"), catalog.edit(actor=""):
        pass


def facts_come_through_unharmed(opened: Open) -> None:
    """Also those that this Hythe does not know."""
    catalog = opened()
    facts = {"timings": {"onnx": {"p50_us": 12.5}}, "ünknown": [1, None, {"deep": True}]}
    with catalog.edit(actor="ana") as tx:
        tx.add_version("churn", "1.0.0", ONE, facts=facts)
    assert catalog.resolve("churn:1.0.0").facts == facts
    with catalog.edit(actor="ana") as tx:
        tx.set_facts("churn:1.0.0", {"chosen": "onnx", "timings": None})
    assert catalog.resolve("churn:1.0.0").facts == {"ünknown": [1, None, {"deep": True}], "chosen": "onnx"}


def merged_facts_and_decisions_never_overrule_those_made_here(opened: Open) -> None:
    """Fill gaps only with what a pull brings."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.add_version("churn", "1.0.0", ONE, facts={"chosen": "native"})
        tx.reject("churn:1.0.0")
        tx.merge("churn:1.0.0", {"chosen": "onnx", "timings": {}}, Approval("approved", "bo", "", ""))
    found = catalog.resolve("churn:1.0.0")
    assert found.facts == {"chosen": "native", "timings": {}}
    assert found.approval.state == "rejected"


def a_digest_is_trusted_until_trust_is_taken_away(opened: Open) -> None:
    """Trust is written down with who gave it."""
    catalog = opened()
    assert catalog.trusted(ONE) is None
    with catalog.edit(actor="ana") as tx:
        tx.trust(ONE, note="read the code")
    found = catalog.trusted(ONE)
    assert found is not None
    assert (found.by, found.note) == ("ana", "read the code")
    with catalog.edit(actor="ana") as tx:
        tx.distrust(ONE)
    assert catalog.trusted(ONE) is None
    assert [entry.action for entry in catalog.history(ONE)] == ["trust", "distrust"]


def a_plan_counts_its_revisions(opened: Open) -> None:
    """Give the document back as it was put, under a number that grows by one."""
    catalog = opened()
    document = {"arms": [{"ref": "churn:1.0.0", "weight": 1}]}
    with catalog.edit(actor="ana") as tx:
        assert tx.put_plan("churn", document) == 1
    with catalog.edit(actor="ana") as tx:
        assert tx.put_plan("churn", {"arms": []}) == 2
    assert catalog.plan("churn").document == {"arms": []}
    assert catalog.history("endpoint/churn")[-1].before == document
    with catalog.edit(actor="ana") as tx:
        tx.remove_plan("churn")
    with pytest.raises(NotFound, match="known endpoints: none yet"):
        catalog.plan("churn")


def a_plan_changed_meanwhile_is_a_conflict(opened: Open) -> None:
    """Whoever read an older revision has to look again."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.put_plan("churn", {}, expected_revision=0)
    with pytest.raises(Conflict, match="at revision 1, not 0"), catalog.edit(actor="bo") as tx:
        tx.put_plan("churn", {"arms": []}, expected_revision=0)


def a_version_in_use_cannot_be_removed(opened: Open) -> None:
    """Neither under an alias nor in a plan; then it can, and its name is free again."""
    catalog = _with_version(opened)
    with catalog.edit(actor="ana") as tx:
        tx.alias("churn:champion", "1.0.0")
        tx.put_plan("churn", {"arms": [{"ref": "churn:1.0.0"}]})
    with pytest.raises(Conflict, match="move that alias first"), catalog.edit(actor="ana") as tx:
        tx.remove_version("churn:1.0.0")
    with catalog.edit(actor="ana") as tx:
        tx.unalias("churn:champion")
    with pytest.raises(Conflict, match="endpoint 'churn' serves"), catalog.edit(actor="ana") as tx:
        tx.remove_version("churn:1.0.0")
    with catalog.edit(actor="ana") as tx:
        tx.remove_plan("churn")
        tx.remove_version("churn:1.0.0")
    assert catalog.models() == []
    assert catalog.faults() == []


def a_key_is_known_by_its_digest_until_it_is_revoked(opened: Open) -> None:
    """Tell what it is for, who made it and who ended it; the log has both changes."""
    catalog = opened()
    permit = Permit(endpoints=("churn",), verbs=("predict",), rate_per_s=100.0, burst=10, quota=5)
    with catalog.edit(actor="ana", why="for ci") as tx:
        tx.add_key(KEY, "ci", permit, expires_at="2030-01-01T00:00:00.000Z")
    found = opened().key(KEY.id)
    assert (found.digest, found.permit, found.created_by) == (KEY.digest, permit, "ana")
    assert catalog.faults() == []
    with catalog.edit(actor="bo") as tx:
        tx.revoke_key(KEY.id)
        tx.revoke_key(KEY.id)
    ended = opened().key(KEY.id)
    assert (ended.revoked_by, bool(ended.revoked_at)) == ("bo", True)
    assert [entry.action for entry in catalog.history(f"key/{KEY.id}")] == ["add key", "revoke key"]
    assert catalog.faults() == []


def no_part_of_a_keys_secret_is_kept(opened: Open) -> None:
    """Neither in the key's row nor in the log."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.add_key(KEY, "ci", Permit())
    secret = KEY.text.rpartition("_")[2]
    kept = f"{catalog.all_keys()} {catalog.history()}"
    assert KEY.id in kept
    assert all(secret[start : start + 8] not in kept for start in range(len(secret) - 7))


def an_unknown_key_cannot_be_revoked(opened: Open) -> None:
    """Say where the known ones are listed."""
    catalog = opened()
    with pytest.raises(NotFound, match="hythe key list"), catalog.edit(actor="ana") as tx:
        tx.revoke_key("0000000000")


def keys_never_share_a_place(opened: Open) -> None:
    """Not even with one that has ended: what was counted there belongs to it."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        for _ in range(3):
            tx.revoke_key(tx.add_key(new_key(), "", Permit()).id)
        tx.add_key(new_key(), "", Permit())
    assert [key.place for key in catalog.all_keys()] == [0, 1, 2, 3]


def a_key_changed_behind_the_log_is_found(opened: Open) -> None:
    """Whoever puts a digest of their own into a row is found by `fsck`."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.add_key(KEY, "ci", Permit())
        tx._run(keys.update().values(digest="0" * 64))  # noqa: SLF001 - what an intruder would do
    assert [KEY.id in fault for fault in catalog.faults()] == [True]


def usage_adds_up_and_leaves_no_log_entry(opened: Open) -> None:
    """Over writers and periods; what is older than a key's period before goes."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.add_key(KEY, "ci", Permit(quota=5))
    entries = len(catalog.history())
    for period, requests in ((7, 2), (7, 3), (8, 1), (9, 4)):
        opened().add_usage([Spent(KEY.id, period, requests)])
    assert opened().key_usage() == {(KEY.id, 8): 1, (KEY.id, 9): 4}
    assert len(catalog.history()) == entries


def changes_made_at_once_all_succeed(opened: Open) -> None:
    """Writers line up; no change and no link of the chain is lost."""
    _with_version(opened)
    writers, rounds = 4, 5
    start = Barrier(writers)
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        catalog = opened()
        try:
            start.wait(timeout=30)
            for number in range(rounds):
                with catalog.edit(actor=f"writer {writer}") as tx:
                    tx.add_version("churn", f"2.{writer}.{number}", TWO)
        except BaseException as err:  # noqa: BLE001 - reported by the check below
            failures.append(err)

    threads = [Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    catalog = opened()
    assert failures == []
    assert len(catalog.versions("churn")) == 1 + writers * rounds
    assert len(catalog.history()) == 1 + writers * rounds
    assert catalog.faults() == []


def of_two_that_claim_one_version_one_gets_a_conflict(opened: Open) -> None:
    """Two processes pack different bytes under one number at once."""
    start = Barrier(2)
    outcomes: list[str] = []

    def claim(digest: str) -> None:
        catalog = opened()
        start.wait(timeout=30)
        try:
            with catalog.edit(actor="someone") as tx:
                tx.add_version("churn", "1.0.0", digest)
            outcomes.append("added")
        except Conflict:
            outcomes.append("conflict")

    threads = [Thread(target=claim, args=(digest,)) for digest in (ONE, TWO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["added", "conflict"]


CHECKS: Sequence[Check] = (
    a_version_is_found_by_every_kind_of_ref,
    an_unknown_ref_names_what_is_known,
    a_name_alone_means_the_newest_approved_version,
    without_approval_the_newest_that_is_not_rejected_is_meant_with_a_notice,
    the_same_version_again_changes_nothing,
    a_version_with_other_bytes_is_a_conflict,
    nothing_of_an_edit_that_fails_is_kept,
    an_alias_moves_and_goes,
    an_alias_of_an_unknown_version_is_refused,
    an_approval_tells_who_when_and_why,
    the_log_tells_before_after_and_why,
    a_change_needs_an_actor,
    facts_come_through_unharmed,
    merged_facts_and_decisions_never_overrule_those_made_here,
    a_digest_is_trusted_until_trust_is_taken_away,
    a_plan_counts_its_revisions,
    a_plan_changed_meanwhile_is_a_conflict,
    a_version_in_use_cannot_be_removed,
    a_key_is_known_by_its_digest_until_it_is_revoked,
    no_part_of_a_keys_secret_is_kept,
    an_unknown_key_cannot_be_revoked,
    keys_never_share_a_place,
    a_key_changed_behind_the_log_is_found,
    usage_adds_up_and_leaves_no_log_entry,
    changes_made_at_once_all_succeed,
    of_two_that_claim_one_version_one_gets_a_conflict,
)


def _with_version(opened: Open) -> Catalog:
    catalog = opened()
    with catalog.edit(actor="ana", why="first") as tx:
        tx.add_version("churn", "1.0.0", ONE)
    return catalog
