"""Reports become alerts, log entries and deliveries, in the edit that stores them."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace
from tests.unit.monitor.alerts.play import HOUR, finding, report

from hythe.base.errors import Conflict
from hythe.monitor.delivery import Delivery
from hythe.monitor.finding import Report
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.retrain import Retrain
from hythe.operations.alerts.act import acknowledge, resolve
from hythe.operations.alerts.stored import alert_in
from hythe.operations.alerts.take import take
from hythe.registry.catalog import Catalog

HOOK = Delivery(to="webhook", url="https://hooks.example.com/T0/secret")
PAGER = Delivery(to="alertmanager", url="http://127.0.0.1:9093", severities=("critical",))
POLICY = MonitorPolicy(deliver=(HOOK, PAGER), retrain=(Retrain(on="drift", command=("train",)),))
BAD, FINE = finding("feature:age", p_value=1e-9), finding("feature:age", "ok", p_value=0.5)


def taken(catalog: Catalog, told: Report, policy: MonitorPolicy = POLICY) -> list[str]:
    with catalog.edit(actor="controller") as tx:
        events = take(tx, told, policy, told.start + told.period_s)
    return [f"{event.happened} {event.alert.id}" for event in events]


def test_drift_is_stored_logged_and_posted_once(catalog: Catalog) -> None:
    assert taken(catalog, report(0, BAD)) == ["fired 1"]
    assert taken(catalog, report(0, BAD)) == []
    assert taken(catalog, report(HOUR, BAD)) == []
    [entry] = catalog.history()
    assert (entry.action, entry.subject) == ("alert fired", "alert/1")
    assert entry.after["title"] == "scoring 1.0.0: drifted: age"
    assert entry.after["evidence"] == ["feature:age alarm"]
    posted = catalog.alerts.deliveries(1)
    assert [each.receiver.split(":")[0] for each in posted] == ["log", "retrain", "webhook"]
    [alert] = [alert_in(record) for record in catalog.alerts.read()]
    assert (alert.subjects[0].until, alert.taken) == (2 * HOUR, {HOUR: HOUR})


def test_recovery_is_posted_to_those_who_were_told_and_starts_no_training(catalog: Catalog) -> None:
    taken(catalog, report(0, BAD))
    taken(catalog, report(HOUR, FINE))
    assert taken(catalog, report(2 * HOUR, FINE), MonitorPolicy()) == ["resolved 1"]
    resolved = [each for each in catalog.alerts.deliveries(1) if each.event == "resolved"]
    assert [each.receiver.split(":")[0] for each in resolved] == ["log", "webhook"]


def test_no_secret_of_a_receiver_is_kept_with_its_deliveries(catalog: Catalog) -> None:
    taken(catalog, report(0, BAD))
    for each in catalog.alerts.deliveries(1):
        assert "secret" not in each.receiver + each.document
    assert [json.loads(each.document)["to"] for each in catalog.alerts.deliveries(1)] == [
        "log",
        "retraining on drift",
        "webhook hooks.example.com",
    ]


def test_severe_alerts_reach_those_who_want_only_such(catalog: Catalog) -> None:
    taken(catalog, report(0, finding("requests", kind="errors")))
    receivers = {each.receiver.split(":")[0] for each in catalog.alerts.deliveries(1)}
    assert receivers == {"alertmanager", "log", "webhook"}


def test_versions_have_alerts_of_their_own(catalog: Catalog) -> None:
    bad, fine = finding("output:label"), finding("output:label", "ok", p_value=0.5)
    assert taken(catalog, report(0, bad)) == ["fired 1"]
    assert taken(catalog, report(0, bad, version="1.1.0")) == ["fired 2"]
    assert taken(catalog, report(HOUR, fine, version="1.1.0")) == []
    assert taken(catalog, report(2 * HOUR, fine, version="1.1.0")) == ["resolved 2"]


def test_rows_that_two_versions_are_sent_are_told_of_once(catalog: Catalog) -> None:
    assert taken(catalog, report(0, BAD)) == ["fired 1"]
    assert taken(catalog, report(0, BAD, version="1.1.0")) == []
    assert [record.state for record in catalog.alerts.read()] == ["pending", "firing"]
    taken(catalog, report(HOUR, FINE))
    assert taken(catalog, report(2 * HOUR, FINE)) == ["resolved 1"]
    assert taken(catalog, report(2 * HOUR, BAD, version="1.1.0")) == ["fired 2"]


def test_an_alert_about_a_thousand_features_stays_small(catalog: Catalog) -> None:
    many = [replace(finding(f"feature:x{n}"), details={"cells": [1.5] * 64}) for n in range(1000)]
    assert taken(catalog, report(0, *many)) == ["fired 1"]
    [record] = catalog.alerts.read()
    assert len(record.document) < 300_000
    assert len(alert_in(record).subjects) == 1000
    assert taken(catalog, report(HOUR, *many)) == []


def test_numbers_that_json_cannot_hold_are_unknown(catalog: Catalog) -> None:
    odd = finding("feature:age", value=float("inf"))
    taken(catalog, report(0, odd))
    [alert] = [alert_in(record) for record in catalog.alerts.read()]
    assert alert.findings[0].value is None


def test_somebody_looks_after_an_alert_and_then_it_is_over(catalog: Catalog) -> None:
    taken(catalog, report(0, BAD))
    assert acknowledge(catalog, 1, actor="ana", note="on it").state == "firing"
    ended = resolve(catalog, 1, actor="ana", note="the feed is mended")
    assert (ended.state, ended.reason) == ("resolved", "resolved by ana: the feed is mended")
    with pytest.raises(Conflict, match="alert 1 is resolved"):
        acknowledge(catalog, 1, actor="bo")
    told = [(entry.action, entry.actor, entry.why) for entry in catalog.history("alert/1")][1:]
    assert told == [
        ("alert acknowledged", "ana", "on it"),
        ("alert resolved", "ana", "the feed is mended"),
    ]
    assert {each.event for each in catalog.alerts.deliveries(1)} == {"fired", "resolved"}


def test_pending_alerts_come_and_go_without_a_word(catalog: Catalog) -> None:
    slow = finding("requests", kind="latency")
    taken(catalog, report(0, slow))
    assert [record.state for record in catalog.alerts.read()] == ["pending"]
    taken(catalog, report(HOUR, finding("requests", "ok", kind="latency")))
    assert (catalog.alerts.read(), catalog.history()) == ([], [])


def test_what_waited_keeps_its_number_when_it_fires(catalog: Catalog) -> None:
    slow = finding("requests", kind="latency")
    taken(catalog, report(0, slow))
    [pending] = catalog.alerts.read()
    assert taken(catalog, report(HOUR, slow)) == [f"fired {pending.id}"]
