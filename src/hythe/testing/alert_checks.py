"""What every catalog promises of alerts, deliveries and silences: named checks, as in `catalog_checks`."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Barrier, Thread

import pytest
from msgspec.structs import replace

from hythe.base.errors import Conflict, NotFound
from hythe.registry.alerts import WAITING, AlertRecord, DeliveryRecord, SilenceRecord
from hythe.testing.catalog_checks import Check, Open

NEW = AlertRecord(0, "scoring", "1.0.0/drift", "firing", 100, '{"rule":"drift"}')


def an_alert_is_given_back_as_it_was_put(opened: Open) -> None:
    """Give it a number, and log who did what and why."""
    catalog = opened()
    with catalog.edit(actor="controller", why="age drifted") as tx:
        stored = tx.put_alert(NEW, "fired", {"title": "age"})
    assert stored == replace(NEW, id=stored.id)
    assert stored.id > 0
    assert opened().alerts.one(stored.id) == stored
    with catalog.edit(actor="ana", why="over") as tx:
        tx.put_alert(replace(stored, state="resolved"), "resolved")
    fired, resolved = catalog.history(f"alert/{stored.id}")
    assert (fired.actor, fired.action, fired.before) == ("controller", "alert fired", None)
    assert fired.after == {
        "title": "age", "id": stored.id, "endpoint": "scoring", "key": NEW.key, "state": "firing",
    }  # fmt: skip
    assert (resolved.actor, resolved.why, resolved.before["state"]) == ("ana", "over", "firing")
    assert catalog.faults() == []


def what_more_is_known_of_an_alert_is_not_logged(opened: Open) -> None:
    """Evidence grows each period; nobody did anything."""
    catalog = opened()
    with catalog.edit(actor="controller") as tx:
        stored = tx.put_alert(NEW)
        tx.put_alert(replace(stored, document='{"rule":"drift","n":2}'))
    assert catalog.alerts.one(stored.id).document == '{"rule":"drift","n":2}'
    assert catalog.history() == []


def an_unknown_alert_is_not_found(opened: Open) -> None:
    """Say where the known ones are shown."""
    catalog = opened()
    with pytest.raises(NotFound, match="no alert 7; see: hythe alerts --all"):
        catalog.alerts.one(7)
    with pytest.raises(NotFound, match="no alert 36893488147419103232"):
        catalog.alerts.one(2**65)
    with pytest.raises(NotFound, match="no alert 7"), catalog.edit(actor="ana") as tx:
        tx.put_alert(replace(NEW, id=7))


def alerts_are_found_by_endpoint_state_and_version(opened: Open) -> None:
    """Take no version for another whose number begins alike."""
    catalog = opened()
    keys = ("1.0.0/drift", "1.0.0/quality", "1.0.01/drift", "1.1.0/drift")
    with catalog.edit(actor="controller") as tx:
        ids = [tx.put_alert(replace(NEW, key=key)).id for key in keys]
        other = tx.put_alert(replace(NEW, endpoint="other")).id
        pending = tx.put_alert(replace(NEW, state="pending")).id
        found = tx.alerts_of("scoring", "1.0.0/", ("firing",))
        assert [each.id for each in found] == ids[:2]
        assert [each.id for each in tx.alerts_of("scoring", "1.0.0/", ("firing", "pending"), most=2)] == [
            ids[1],
            pending,
        ]
    alerts = opened().alerts
    assert [each.id for each in alerts.read()] == [pending, other, *reversed(ids)]
    assert [each.id for each in alerts.read("other")] == [other]
    assert [each.id for each in alerts.read(states=("pending",))] == [pending]
    assert [each.id for each in alerts.read("scoring", ("firing",), most=1)] == ids[-1:]


def all_alerts_are_given_to_who_asks_for_all(opened: Open) -> None:
    """Give the newest 500 to all others."""
    catalog = opened()
    with catalog.edit(actor="controller") as tx:
        ids = [tx.put_alert(replace(NEW, key=f"1.0.0/{place}")).id for place in range(501)]
    assert [each.id for each in catalog.alerts.read(most=None)] == ids[::-1]
    assert len(catalog.alerts.read()) == 500


def only_what_never_fired_is_dropped(opened: Open) -> None:
    """Keep an alert that somebody may have been told of."""
    catalog = opened()
    with catalog.edit(actor="controller") as tx:
        pending = tx.put_alert(replace(NEW, state="pending"))
        firing = tx.put_alert(NEW)
        tx.drop_alert(pending.id)
    with pytest.raises(Conflict, match="is firing; only one that never fired"), catalog.edit(actor="a") as tx:
        tx.drop_alert(firing.id)
    assert [each.id for each in catalog.alerts.read()] == [firing.id]


def a_delivery_is_posted_with_what_it_tells_or_not_at_all(opened: Open) -> None:
    """One transaction holds both."""
    catalog = opened()

    def both(*, fails: bool) -> int:
        with catalog.edit(actor="controller") as tx:
            stored = tx.put_alert(NEW, "fired")
            tx.add_deliveries([_delivery(stored.id)])
            if fails:
                raise Conflict("somebody was quicker")
            return stored.id

    with pytest.raises(Conflict, match="quicker"):
        both(fails=True)
    assert (catalog.alerts.read(), catalog.alerts.due(1000)) == ([], [])
    alert = both(fails=False)
    assert opened().alerts.due(1000) == [_delivery(alert)]


def a_delivery_that_stands_is_not_posted_again(opened: Open) -> None:
    """Whatever became of it: what was sent is not sent once more."""
    catalog = opened()
    with catalog.edit(actor="controller") as tx:
        alert = tx.put_alert(NEW).id
        tx.add_deliveries([_delivery(alert)])
    catalog.alerts.keep(replace(_delivery(alert), state="sent", tries=1))
    with catalog.edit(actor="controller") as tx:
        tx.add_deliveries([_delivery(alert), _delivery(alert, event="resolved")])
    assert [(each.event, each.state) for each in catalog.alerts.deliveries(alert)] == [
        ("fired", "sent"),
        ("resolved", WAITING),
    ]


def what_is_due_comes_by_how_long_it_waited(opened: Open) -> None:
    """Let what was tried and failed wait until it is due again."""
    catalog = opened()
    with catalog.edit(actor="controller") as tx:
        one, two = (tx.put_alert(NEW).id for _ in range(2))
        tx.add_deliveries([_delivery(one, due=50), _delivery(two, due=20), _delivery(two, "resolved", 90)])
    due = opened().alerts.due
    assert [(each.alert, each.event) for each in due(60)] == [(two, "fired"), (one, "fired")]
    assert [each.alert for each in due(60, most=1)] == [two]
    catalog.alerts.keep(replace(_delivery(two), tries=1, due=70))
    assert [(each.alert, each.tries) for each in due(70)] == [(one, 0), (two, 1)]


def deliveries_of_an_endpoint_can_be_hastened(opened: Open) -> None:
    """Those that wait for the end of a silence, when somebody ends it."""
    catalog = opened()
    with catalog.edit(actor="controller") as tx:
        one, two = (tx.put_alert(replace(NEW, endpoint=name)).id for name in ("scoring", "other"))
        tx.add_deliveries([_delivery(one, due=900), _delivery(two, due=900)])
        tx.hasten("scoring", 100)
    assert [each.alert for each in catalog.alerts.due(100)] == [one]
    with catalog.edit(actor="controller") as tx:
        tx.hasten("*", 100)
    assert [each.alert for each in catalog.alerts.due(100)] == [one, two]


def a_silence_is_logged_when_it_begins_and_ends(opened: Open) -> None:
    """List those of an endpoint with those of all."""
    catalog = opened()
    one, every = SilenceRecord("s1", "scoring", 500, '{"rule":"*"}'), SilenceRecord("s2", "*", 400, "{}")
    with catalog.edit(actor="ana", why="known") as tx:
        tx.add_silence(one)
        tx.add_silence(every)
    alerts = opened().alerts
    assert (alerts.silences(), alerts.silences("scoring"), alerts.silences("other")) == (
        [every, one], [every, one], [every],
    )  # fmt: skip
    with catalog.edit(actor="bo") as tx:
        assert tx.remove_silence("s1") == one
    with pytest.raises(NotFound, match="no silence 's1'"), catalog.edit(actor="bo") as tx:
        tx.remove_silence("s1")
    begun, ended = catalog.history("silence/s1")
    assert (begun.actor, begun.why, begun.after) == ("ana", "known", {"id": "s1", "until": 500, "rule": "*"})
    assert (ended.actor, ended.action, ended.before) == ("bo", "unsilence", begun.after)
    assert alerts.silences() == [every]


def what_ended_long_ago_is_forgotten(opened: Open) -> None:
    """Deliveries after 90 days, silences after a day; what waits stays, and so do alerts."""
    catalog, day = opened(), 86400
    with catalog.edit(actor="controller") as tx:
        alert = tx.put_alert(NEW).id
        tx.add_deliveries([_delivery(alert), _delivery(alert, "resolved")])
        tx.add_silence(SilenceRecord("s1", "scoring", 100, "{}"))
    catalog.alerts.keep(replace(_delivery(alert), state="sent"))
    assert catalog.alerts.forget(90 * day) == 1
    assert catalog.alerts.silences() == []
    assert catalog.alerts.forget(91 * day) == 1
    assert [each.event for each in catalog.alerts.deliveries(alert)] == ["resolved"]
    assert catalog.alerts.forget(91 * day) == 0
    assert [each.id for each in catalog.alerts.read()] == [alert]


def alerts_that_fire_at_once_get_numbers_of_their_own(opened: Open) -> None:
    """Two processes, one catalog."""
    start, ids = Barrier(2), list[int]()

    def fire() -> None:
        own = opened()
        start.wait(timeout=30)
        for _ in range(5):
            with own.edit(actor="controller") as tx:
                ids.append(tx.put_alert(NEW, "fired").id)

    threads = [Thread(target=fire) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len({*ids}) == 10
    assert opened().faults() == []


def an_alert_ended_behind_the_log_is_found(opened: Open) -> None:
    """Whoever ends one in its row is found by `fsck`."""
    catalog = opened()
    with catalog.edit(actor="controller") as tx:
        stored = tx.put_alert(NEW, "fired")
        tx.put_alert(replace(stored, state="resolved"))
    assert [f"alert '{stored.id}'" in fault for fault in catalog.faults()] == [True]


def _delivery(alert: int, event: str = "fired", due: int = 10) -> DeliveryRecord:
    return DeliveryRecord(alert, event, "webhook:0a", WAITING, 0, due, '{"message":"msg_1"}')


CHECKS: Sequence[Check] = (
    an_alert_is_given_back_as_it_was_put,
    what_more_is_known_of_an_alert_is_not_logged,
    an_unknown_alert_is_not_found,
    alerts_are_found_by_endpoint_state_and_version,
    all_alerts_are_given_to_who_asks_for_all,
    only_what_never_fired_is_dropped,
    a_delivery_is_posted_with_what_it_tells_or_not_at_all,
    a_delivery_that_stands_is_not_posted_again,
    what_is_due_comes_by_how_long_it_waited,
    deliveries_of_an_endpoint_can_be_hastened,
    a_silence_is_logged_when_it_begins_and_ends,
    what_ended_long_ago_is_forgotten,
    alerts_that_fire_at_once_get_numbers_of_their_own,
    an_alert_ended_behind_the_log_is_found,
)
