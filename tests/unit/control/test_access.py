"""Who may look, and who may change something: keys, tokens, and whoever is on this machine."""

import pytest
from tests.unit.control.conftest import House, token

NEW = {"endpoint": "scoring", "ref": "churn:1.0.0"}


async def test_without_a_key_nobody_comes_in_and_hears_nothing_of_what_is_wrong(guarded: House) -> None:
    reply = await guarded.call("POST", "/endpoints", {"endpoint": 5})
    assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert (await guarded.call("GET", "/schema/openapi.json")).status_code == 401
    assert (await guarded.call("GET", "/health/ready")).status_code == 200


async def test_a_wrong_key_is_refused_also_where_none_is_wanted(house: House) -> None:
    wrong = {"Authorization": "Bearer hk_0000000000_00000000000000000000000000000000000000000001awhIb"}
    reply = await house.call("GET", "/endpoints", headers=wrong)
    assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")


async def test_whoever_may_look_may_not_change(guarded: House) -> None:
    looks = guarded.key(verbs=("view",))
    assert (await guarded.call("GET", "/endpoints", headers=looks)).status_code == 200
    reply = await guarded.call("POST", "/endpoints", NEW, headers=looks)
    assert (reply.status_code, reply.json()["code"]) == (403, "denied")
    assert guarded.registry.catalog.plans() == []


async def test_the_change_log_names_the_key(guarded: House) -> None:
    changes = guarded.key("ci", verbs=("admin",))
    reply = await guarded.call("POST", "/endpoints", NEW, headers=changes)
    assert reply.status_code == 201, reply.text
    (key,) = guarded.registry.catalog.all_keys()
    assert guarded.registry.catalog.plan("scoring").by == f"ci (key {key.id})"


async def test_a_key_for_one_endpoint_moves_no_other(guarded: House) -> None:
    only = guarded.key(endpoints=("scoring",), verbs=("admin", "view"))
    for endpoint, status in (("scoring", 200), ("other", 403)):
        plan = {"model": "churn", "arms": [{"version": "1.0.0"}]}
        reply = await guarded.call("PUT", f"/endpoints/{endpoint}", plan, headers=only)
        assert reply.status_code == status, reply.text
    reply = await guarded.call("POST", "/endpoints", {**NEW, "endpoint": "third"}, headers=only)
    assert reply.status_code == 403
    assert [plan.endpoint for plan in guarded.registry.catalog.plans()] == ["scoring"]
    reply = await guarded.call("POST", "/versions/churn:1.0.0/reject", headers=only)
    assert reply.status_code == 403


async def test_a_key_for_one_endpoint_is_shown_no_other(guarded: House) -> None:
    everything = guarded.key()
    for endpoint in ("one", "two"):
        await guarded.call("POST", "/endpoints", {**NEW, "endpoint": endpoint}, headers=everything)
    only = guarded.key(endpoints=("two",))
    listed = (await guarded.call("GET", "/endpoints", headers=only)).json()
    assert [item["endpoint"] for item in listed] == ["two"]


async def test_a_token_does_what_its_scopes_say_and_its_subject_is_in_the_change_log(guarded: House) -> None:
    plan = {"model": "churn", "arms": [{"version": "1.0.0"}]}
    for scope, status in (
        ("hythe:view", 403),
        ("hythe:admin:other", 403),
        ("hythe:admin:scoring", 200),
        ("hythe:admin", 200),
    ):
        reply = await guarded.call("PUT", "/endpoints/scoring", plan, headers=token("ben", scope))
        assert reply.status_code == status, reply.text
    assert guarded.registry.catalog.plan("scoring").by == "ben"
    reply = await guarded.call(
        "POST", "/versions/churn:1.0.0/reject", headers=token("ben", "hythe:admin:scoring")
    )
    assert reply.status_code == 403


async def test_a_revoked_key_is_refused(guarded: House) -> None:
    shown = guarded.key(verbs=("view",))
    assert (await guarded.call("GET", "/models", headers=shown)).json() == ["churn"]
    (key,) = guarded.registry.catalog.all_keys()
    with guarded.registry.catalog.edit(actor="ana") as tx:
        tx.revoke_key(key.id)
    guarded.clock.tick(2.0)
    assert (await guarded.call("GET", "/models", headers=shown)).status_code == 401


async def test_the_rate_of_a_key_holds(guarded: House) -> None:
    slow = guarded.key(rate_per_s=0.001, burst=1)
    assert (await guarded.call("GET", "/models", headers=slow)).status_code == 200
    reply = await guarded.call("GET", "/models", headers=slow)
    assert (reply.status_code, reply.json()["code"]) == (429, "busy")
    assert int(reply.headers["retry-after"]) > 1


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "null"},
        {"host": "evil.example:8079"},
    ],
    ids=["another site", "another port", "a page of nobody", "a name that was made to lead here"],
)
async def test_a_web_page_may_not_ask_for_whoever_looks_at_it(house: House, headers: dict[str, str]) -> None:
    reply = await house.call("POST", "/endpoints", NEW, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (403, "denied")
    assert house.registry.catalog.plans() == []


@pytest.mark.parametrize("host", ["127.0.0.1:8079", "localhost:8079", "[::1]:8079"])
async def test_a_page_of_the_control_plane_itself_may_ask(house: House, host: str) -> None:
    reply = await house.call("GET", "/endpoints", headers={"host": host, "origin": f"http://{host}"})
    assert reply.status_code == 200


async def test_every_route_but_health_asks_for_a_verb(guarded: House) -> None:
    described = (await guarded.call("GET", "/schema/openapi.json", headers=guarded.key())).json()
    nothing = guarded.key(verbs=("predict",))
    for path, methods in described["paths"].items():
        for method in methods:
            named = {"endpoint": "scoring", "move": "abort", "ref": "churn:1", "alert": "1", "silence": "s"}
            asked = path.format(**named)
            reply = await guarded.call(method.upper(), asked, headers=nothing)
            assert (reply.status_code == 403) != path.startswith("/health/"), (method, path, reply.text)
