"""Endpoints over HTTP: what commands do, with the same words and the same refusals."""

from typing import Any

import pytest
from tests.unit.control.conftest import House

SPLIT = {
    "model": "churn",
    "arms": [{"version": "1.0.0", "weight": 90}, {"version": "1.1.0", "weight": 10}],
}


async def made(house: House) -> None:
    reply = await house.call("POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})
    assert reply.status_code == 201, reply.text


async def test_an_endpoint_is_made_shown_listed_and_removed(house: House) -> None:
    await made(house)
    shown = (await house.call("GET", "/endpoints/scoring")).json()
    assert (shown["revision"], shown["by"], shown["rollout"]) == (1, "ana@home", "")
    assert [arm["version"] for arm in shown["plan"]["arms"]] == ["1.0.0"]
    assert (await house.call("GET", "/endpoints")).json() == [shown]
    reply = await house.call("DELETE", "/endpoints/scoring?why=over")
    assert (reply.status_code, reply.content) == (204, b"")
    assert (await house.call("GET", "/endpoints")).json() == []
    entries = house.registry.history("endpoint/scoring")
    assert [(entry.action, entry.actor, entry.why) for entry in entries] == [
        ("put plan", "ana@home", "create with churn:1.0.0"),
        ("remove plan", "ana@home", "over"),
    ]


async def test_a_plan_that_is_shown_can_be_put_as_it_is(house: House) -> None:
    reply = await house.call("PUT", "/endpoints/scoring", SPLIT)
    assert (reply.status_code, reply.json()["revision"]) == (200, 1)
    plan = (await house.call("GET", "/endpoints/scoring")).json()["plan"]
    again = (await house.call("PUT", "/endpoints/scoring", plan)).json()
    assert (again["applied"], again["revision"], again["changes"]) == (False, 1, [])


async def test_a_dry_run_changes_nothing(house: House) -> None:
    document = {"endpoint": "scoring", "ref": "churn:1.0.0", "dry_run": True}
    tried = await house.call("POST", "/endpoints", document)
    assert (tried.status_code, tried.json()["applied"]) == (200, False)
    tried = await house.call("PUT", "/endpoints/scoring?dry_run=true", SPLIT)
    assert (tried.status_code, tried.json()["applied"]) == (200, False)
    assert house.registry.catalog.plans() == []


async def test_a_plan_is_not_put_over_one_that_nobody_looked_at(house: House) -> None:
    await made(house)
    reply = await house.call("PUT", "/endpoints/scoring?expected_revision=7", SPLIT)
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    reply = await house.call("PUT", "/endpoints/scoring?expected_revision=1&why=a tenth", SPLIT)
    assert reply.json()["revision"] == 2
    moves = (await house.call("GET", "/endpoints/scoring/history")).json()
    assert [(move["revision"], move["why"]) for move in moves] == [
        (1, "create with churn:1.0.0"),
        (2, "a tenth"),
    ]
    assert moves[1]["arms"] == [{"version": "1.0.0", "share": 0.9}, {"version": "1.1.0", "share": 0.1}]


@pytest.mark.parametrize(
    ("method", "path", "document", "status", "code", "words"),
    [
        ("GET", "/endpoints/none", None, 404, "not_found", "known endpoints: scoring"),
        ("GET", "/nowhere", None, 404, "not_found", "there is nothing at /nowhere"),
        ("PATCH", "/endpoints", None, 405, "method_not_allowed", "does not take PATCH"),
        ("POST", "/endpoints", {"endpoint": "scoring", "ref": "churn"}, 409, "conflict", "is there already"),
        ("POST", "/endpoints", {"endpoint": "a", "ref": "churn:9.0.0"}, 404, "not_found", "9.0.0"),
        ("POST", "/endpoints", {"endpoint": "a/b", "ref": "churn"}, 422, "invalid", "'a/b'"),
        ("POST", "/endpoints", {"endpoint": "a"}, 422, "invalid", "missing required field `ref`"),
        ("POST", "/endpoints", {"endpoint": "a", "ref": 5}, 422, "invalid", "ref"),
        ("POST", "/endpoints", {"endpoint": "a", "rfe": "churn"}, 422, "invalid", "rfe"),
        ("POST", "/endpoints", [], 422, "invalid", "schema/openapi.json"),
        ("POST", "/endpoints", None, 422, "invalid", "schema/openapi.json"),
        ("PUT", "/endpoints/scoring", {"arms": []}, 422, "invalid", "no arm"),
        (
            "PUT",
            "/endpoints/scoring",
            {"arms": [{"version": "1.0.0", "wieght": 5}]},
            422,
            "invalid",
            "wieght",
        ),
        ("PUT", "/endpoints/scoring", {"format": 99, "arms": []}, 400, "unsupported", "newer Hythe"),
        ("PUT", "/endpoints/scoring?dry_run=maybe", {}, 422, "invalid", "dry_run"),
        ("DELETE", "/endpoints/none", None, 404, "not_found", "none"),
        ("GET", "/endpoints/none/history", None, 404, "not_found", "never was an endpoint"),
    ],
)
async def test_what_does_not_fit_is_refused_with_the_reason_and_changes_nothing(
    house: House, method: str, path: str, document: Any, status: int, code: str, words: str
) -> None:
    await made(house)
    before = house.registry.history()
    reply = await house.call(method, path, document)
    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text
    assert words in reply.json()["error"]
    assert reply.headers["content-type"] == "application/json"
    assert house.registry.history() == before


async def test_a_body_that_is_no_json_is_malformed(house: House) -> None:
    reply = await house.client.post("/endpoints", content=b"{", headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["code"]) == (400, "malformed")


async def test_what_nobody_expected_is_told_by_an_id_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.registry.catalog, "models", lambda: 1 / 0)
    reply = await house.call("GET", "/models")
    document = reply.json()
    assert (reply.status_code, document["code"]) == (500, "internal")
    assert document["id"] in document["error"]
    assert "division" not in reply.text


async def test_a_catalog_that_is_gone_is_unavailable(house: House) -> None:
    (house.registry.home / "catalog.db").write_bytes(b"no database, but long enough to be read" * 100)
    reply = await house.call("GET", "/endpoints")
    assert (reply.status_code, reply.json()["code"]) == (500, "corrupt")
    ready = await house.call("GET", "/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert (await house.call("GET", "/health/live")).json() == {"live": True}
