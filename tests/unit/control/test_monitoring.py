"""Monitoring over HTTP: what commands do, with the same words and the same refusals."""

import time

from tests.unit.control.conftest import House

from hythe.registry.windows import Delivery, WindowRecord


async def made(house: House) -> None:
    reply = await house.call("POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})
    assert reply.status_code == 201, reply.text


async def test_an_endpoint_is_shown_with_its_policy_traffic_and_what_to_do(house: House) -> None:
    await made(house)
    start = int(time.time()) - 7200
    window = (
        b'{"endpoint":"scoring","version":"1.0.0","start":%d,"requests":{"answered":7},"revision":1}' % start
    )
    found = (WindowRecord("scoring", "1.0.0", start, 1, window, revision=1),)
    house.registry.catalog.observations.store(Delivery("server", 1, start, {}, found))
    reply = await house.call("GET", "/endpoints/scoring/monitor?since=7d&version=1.0.0")
    seen = reply.json()
    assert (reply.status_code, seen["endpoint"], seen["revision"]) == (200, "scoring", 0)
    assert seen["policy"]["periods_s"] == [3600, 86400]
    assert [traffic["version"] for traffic in seen["traffic"]] == ["1.0.0"]
    assert seen["until"] - seen["since"] == 7 * 86400
    assert seen["next"]


async def test_a_policy_that_is_shown_can_be_put_as_it_is(house: House) -> None:
    await made(house)
    shown = (await house.call("GET", "/endpoints/scoring/monitor/policy")).json()
    assert shown["revision"] == 0
    same = await house.call("PUT", "/endpoints/scoring/monitor/policy", shown["policy"])
    assert (same.status_code, same.json()["applied"]) == (200, False)
    other = {**shown["policy"], "false_alarms": 0.5, "periods_s": ["1h"]}
    tried = await house.call("PUT", "/endpoints/scoring/monitor/policy?dry_run=true", other)
    assert (tried.json()["applied"], house.registry.catalog.monitors()) == (False, [])
    put = await house.call("PUT", "/endpoints/scoring/monitor/policy?expected_revision=0&why=calm", other)
    assert (put.json()["applied"], put.json()["revision"]) == (True, 1)
    late = await house.call("PUT", "/endpoints/scoring/monitor/policy?expected_revision=0", shown["policy"])
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    [entry] = house.registry.history("monitor/scoring")
    assert (entry.actor, entry.why, entry.after["false_alarms"]) == ("ana@home", "calm", 0.5)


async def test_what_does_not_fit_is_refused(house: House) -> None:
    await made(house)
    for path, document, status, said in (
        ("/endpoints/scoring/monitor/policy", {"fales_alarms": 1}, 422, "did you mean 'false_alarms'"),
        ("/endpoints/scoring/monitor/policy", {"format": 9}, 400, "newer Hythe"),
        ("/endpoints/nothing/monitor/policy", {}, 404, "there is no endpoint 'nothing'"),
    ):
        reply = await house.call("PUT", path, document)
        assert (reply.status_code, said in reply.json()["error"]) == (status, True), reply.text
    for path, status in (("/endpoints/nothing/monitor", 404), ("/endpoints/scoring/monitor?since=soon", 422)):
        assert (await house.call("GET", path)).status_code == status


async def test_looking_wants_view_and_settings_want_admin(house: House) -> None:
    await made(house)
    views = house.key(verbs=("view",), endpoints=("scoring",))
    assert (await house.call("GET", "/endpoints/scoring/monitor", headers=views)).status_code == 200
    reply = await house.call("PUT", "/endpoints/scoring/monitor/policy", {}, headers=views)
    assert (reply.status_code, reply.json()["code"]) == (403, "denied")


async def test_where_alerts_go_is_told_to_those_alone_who_may_change_it(house: House) -> None:
    await made(house)
    secret = "https://hooks.example.com/T0/secret"
    put = await house.call(
        "PUT", "/endpoints/scoring/monitor/policy", {"deliver": [{"to": "webhook", "url": secret}]}
    )
    assert put.status_code == 200, put.text
    views = house.key(verbs=("view",))
    for path in ("/endpoints/scoring/monitor/policy", "/endpoints/scoring/monitor"):
        assert secret in (await house.call("GET", path)).text
        shown = (await house.call("GET", path, headers=views)).text
        assert "secret" not in shown.replace("secret_env", "")
        assert "https://hooks.example.com/..." in shown
