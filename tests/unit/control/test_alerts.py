"""Alerts over HTTP."""

from __future__ import annotations

import pytest
from tests.unit.control.conftest import House
from tests.unit.monitor.alerts.play import finding, report

from hythe.monitor.delivery import Delivery
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.take import take
from hythe.operations.monitoring.policy import stored

BAD = finding("feature:age", p_value=1e-9)


@pytest.fixture
async def alarmed(house: House) -> House:
    """Give an API with an endpoint on which one alert fires, number 1."""
    return await _alarmed(house)


async def _alarmed(house: House, **how: object) -> House:
    await house.call("POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"}, **how)
    with house.registry.catalog.edit(actor="monitor") as tx:
        take(tx, report(0, BAD), MonitorPolicy(), 3600)
    return house


async def test_alerts_are_listed_and_shown_with_their_evidence(alarmed: House) -> None:
    [line] = (await alarmed.call("GET", "/alerts")).json()
    assert (line["id"], line["title"], line["state"]) == (1, "scoring 1.0.0: drifted: age", "firing")
    assert (await alarmed.call("GET", "/endpoints/scoring/alerts")).json() == [line]
    shown = (await alarmed.call("GET", "/alerts/1")).json()
    assert shown["evidence"][0]["findings"][0]["p_value"] == 1e-9
    assert shown["deliveries"][0]["to"] == "log"


async def test_the_runbook_is_markdown_about_this_version(alarmed: House) -> None:
    reply = await alarmed.call("GET", "/alerts/1/runbook")
    assert reply.headers["content-type"] == "text/markdown; charset=utf-8"
    assert reply.text.startswith("# Alert 1: scoring 1.0.0: drifted: age\n")
    assert "hythe drift churn:1.0.0 --data last_week.parquet" in reply.text


async def test_people_look_after_alerts_and_end_them(alarmed: House) -> None:
    reply = await alarmed.call("POST", "/alerts/1/acknowledge", {"note": "on it"})
    assert reply.json()["acknowledged"]["by"] == "ana@home"
    reply = await alarmed.call("POST", "/alerts/1/resolve")
    assert (reply.json()["state"], reply.json()["reason"]) == ("resolved", "resolved by ana@home")
    assert (await alarmed.call("GET", "/alerts")).json() == []
    assert [line["id"] for line in (await alarmed.call("GET", "/alerts?everything=true")).json()] == [1]
    again = await alarmed.call("POST", "/alerts/1/resolve")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_an_unknown_alert_is_not_found(house: House) -> None:
    for method, path in (("GET", "/alerts/7"), ("POST", "/alerts/7/resolve"), ("GET", "/alerts/7/runbook")):
        assert (await house.call(method, path)).status_code == 404


async def test_silences_begin_and_end(alarmed: House) -> None:
    made = await alarmed.call("POST", "/silences", {"endpoint": "scoring", "for_s": 3600, "note": "known"})
    assert made.status_code == 201
    [listed] = (await alarmed.call("GET", "/silences")).json()
    assert (listed["id"], listed["by"], listed["note"]) == (made.json()["id"], "ana@home", "known")
    assert (await alarmed.call("GET", "/alerts/1")).json()["silent_until"] == listed["until"]
    assert (await alarmed.call("DELETE", f"/silences/{listed['id']}")).status_code == 204
    assert (await alarmed.call("GET", "/silences")).json() == []


async def test_a_silence_of_nothing_is_refused(house: House) -> None:
    unknown = await house.call("POST", "/silences", {"endpoint": "nowhere", "for_s": 60})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    never = await house.call("POST", "/silences", {"endpoint": "*", "for_s": -1})
    assert (never.status_code, never.json()["code"]) == (422, "invalid")


async def test_a_key_of_another_endpoint_sees_and_ends_nothing(guarded: House) -> None:
    admin = guarded.key(verbs=("admin", "view"))
    await _alarmed(guarded, headers=admin)
    other = guarded.key(endpoints=("other",), verbs=("admin", "view"))
    assert (await guarded.call("GET", "/alerts", headers=admin)).json() != []
    assert (await guarded.call("GET", "/alerts", headers=other)).json() == []
    for method, path in (("GET", "/alerts/1"), ("GET", "/alerts/1/runbook"), ("POST", "/alerts/1/resolve")):
        assert (await guarded.call(method, path, headers=other)).status_code == 403
    silence = {"endpoint": "*", "for_s": 60}
    assert (await guarded.call("POST", "/silences", silence, headers=other)).status_code == 403
    viewer = guarded.key(verbs=("view",))
    assert (await guarded.call("POST", "/alerts/1/resolve", headers=viewer)).status_code == 403
    assert (await guarded.call("GET", "/alerts/1", headers=viewer)).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [{"deliver": [{"to": "command", "command": ["sh"]}]}, {"retrain": [{"on": "drift", "command": ["sh"]}]}],
)
async def test_no_program_is_brought_over_http(house: House, fields: dict[str, object]) -> None:
    await house.call("POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})
    reply = await house.call("PUT", "/endpoints/scoring/monitor/policy", fields)
    assert (reply.status_code, reply.json()["code"]) == (403, "denied")
    assert "hythe monitor apply" in reply.json()["error"]


async def test_a_policy_keeps_the_command_that_it_has(house: House) -> None:
    await house.call("POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})
    standing = MonitorPolicy(deliver=(Delivery(to="command", command=("tell",)),))
    with house.registry.catalog.edit(actor="ana") as tx:
        tx.put_monitor("scoring", stored(standing))
    wanted = {"false_alarms": 2, "deliver": [{"to": "command", "command": ["tell"]}]}
    reply = await house.call("PUT", "/endpoints/scoring/monitor/policy", wanted)
    assert reply.status_code == 200, reply.text


async def test_metrics_tell_of_alerts_to_whoever_may_see_them(guarded: House) -> None:
    await _alarmed(guarded, headers=guarded.key(verbs=("admin",)))
    assert (await guarded.call("GET", "/metrics", headers=guarded.key(verbs=("view",)))).status_code == 403
    reply = await guarded.call("GET", "/metrics", headers=guarded.key(verbs=("metrics",)))
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'hythe_alerts_firing{endpoint="scoring",rule="drift",severity="warning"} 1\n' in reply.text
