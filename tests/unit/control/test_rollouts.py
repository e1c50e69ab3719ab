"""Rollouts over HTTP."""

from typing import Any

import pytest
from tests.unit.control.conftest import House

CANARY = {"ref": "churn:1.1.0", "policy": {"strategy": "canary", "steps": [0.1, 0.5]}, "why": "better"}


@pytest.fixture
async def served(house: House) -> House:
    """Give an API with an endpoint that serves churn 1.0.0."""
    reply = await house.call("POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})
    assert reply.status_code == 201
    return house


async def begun(house: House) -> dict[str, Any]:
    reply = await house.call("POST", "/endpoints/scoring/rollouts", CANARY)
    assert reply.status_code == 201, reply.text
    document: dict[str, Any] = reply.json()
    return document


async def test_a_rollout_is_begun_and_looked_at(served: House) -> None:
    document = await begun(served)
    weights = {arm["version"]: arm["weight"] for arm in document["plan"]["arms"]}
    assert weights == {"1.0.0": 90, "1.1.0": 10}
    assert "no controller is at work" in document["notices"][0]
    latest = (await served.call("GET", "/endpoints/scoring/rollouts/latest")).json()
    assert latest["rollout"] == document["rollout"]
    assert (latest["stage"], latest["share"], latest["revision"]) == ("split 10% (1 of 2)", 0.1, 2)
    assert (latest["rollout"]["status"], latest["rollout"]["started_by"]) == ("running", "ana@home")
    assert (await served.call("GET", "/endpoints/scoring/rollouts")).json() == [latest["rollout"]]
    assert (await served.call("GET", "/rollouts?running=true")).json() == [latest["rollout"]]


async def test_a_dry_run_begins_nothing(served: House) -> None:
    reply = await served.call("POST", "/endpoints/scoring/rollouts", {**CANARY, "dry_run": True})
    assert (reply.status_code, reply.json()["dry_run"]) == (200, True)
    assert (await served.call("GET", "/rollouts")).json() == []


async def test_it_is_paused_resumed_and_promoted_by_people(served: House) -> None:
    await begun(served)
    for move, status in (("pause", "paused"), ("resume", "running"), ("promote", "promoted")):
        reply = await served.call("POST", f"/endpoints/scoring/rollouts/{move}", {"why": "because"})
        assert (reply.status_code, reply.json()["status"]) == (200, status), reply.text
    arms = (await served.call("GET", "/endpoints/scoring")).json()["plan"]["arms"]
    assert [arm["version"] for arm in arms if arm["weight"]] == ["1.1.0"]
    assert (await served.call("GET", "/rollouts?running=true")).json() == []
    assert (await served.call("GET", "/endpoints/scoring/rollouts/latest")).json()["rollout"][
        "status"
    ] == "promoted"


async def test_it_is_aborted_without_a_word(served: House) -> None:
    await begun(served)
    reply = await served.call("POST", "/endpoints/scoring/rollouts/abort")
    assert (reply.status_code, reply.json()["status"]) == (200, "aborted")
    arms = (await served.call("GET", "/endpoints/scoring")).json()["plan"]["arms"]
    assert [arm["version"] for arm in arms if arm["weight"]] == ["1.0.0"]


async def test_the_way_back_ends_a_rollout(served: House) -> None:
    await begun(served)
    document = (await served.call("POST", "/endpoints/scoring/rollback", {"why": "bad"})).json()
    assert document["rollout"]["status"] == "rolled_back"
    assert [arm["version"] for arm in document["plan"]["arms"]] == ["1.0.0"]
    assert document["revision"] == 3


@pytest.mark.parametrize(
    ("path", "document", "status", "code", "words"),
    [
        ("scoring/rollouts", {"ref": "churn:1.0.0"}, 422, "invalid", "serves 1.0.0 already"),
        ("scoring/rollouts", {"ref": "churn:9.0.0"}, 404, "not_found", "9.0.0"),
        ("none/rollouts", {"ref": "churn:1.1.0"}, 404, "not_found", "known endpoints: scoring"),
        ("scoring/rollouts", {**CANARY, "policy": {"alpha": 2}}, 422, "invalid", "alpha is 2"),
        ("scoring/rollouts", {**CANARY, "policy": {"alhpa": 0.1}}, 422, "invalid", "alhpa"),
        ("scoring/rollouts", {**CANARY, "policy": {"guards": [{"metric": "luck"}]}}, 422, "invalid", "luck"),
        ("scoring/rollouts", {**CANARY, "policy": 5}, 422, "invalid", "policy"),
        ("scoring/rollouts/pause", {}, 404, "not_found", "is in no rollout"),
        ("scoring/rollouts/pause", {"because": 1}, 422, "invalid", "because"),
        ("scoring/rollouts/hurry", {}, 422, "invalid", "hurry"),
        ("scoring/rollback", {}, 409, "conflict", "never had another plan"),
    ],
)
async def test_what_does_not_fit_is_refused_with_the_reason_and_changes_nothing(
    served: House, path: str, document: Any, status: int, code: str, words: str
) -> None:
    before = served.registry.history()
    reply = await served.call("POST", f"/endpoints/{path}", document)
    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text
    assert words in reply.json()["error"]
    assert served.registry.history() == before


async def test_an_endpoint_that_is_rolling_out_is_left_alone(served: House) -> None:
    await begun(served)
    for method, path, document in (
        ("POST", "/endpoints/scoring/rollouts", CANARY),
        ("PUT", "/endpoints/scoring", {"model": "churn", "arms": [{"version": "1.0.0"}]}),
        ("DELETE", "/endpoints/scoring", None),
    ):
        reply = await served.call(method, path, document)
        assert (reply.status_code, reply.json()["code"]) == (409, "conflict"), reply.text


async def test_an_endpoint_that_never_was_in_a_rollout_says_so(served: House) -> None:
    reply = await served.call("GET", "/endpoints/scoring/rollouts/latest")
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


async def test_versions_are_listed_and_reviewed(served: House) -> None:
    refs = [f"churn:{record['version']}" for record in (await served.call("GET", "/versions")).json()]
    assert refs == ["churn:1.1.0", "churn:1.0.0"]
    reply = await served.call("POST", "/versions/churn:1.1.0/reject", {"note": "too old data"})
    assert reply.json()["approval"]["state"] == "rejected"
    reply = await served.call("POST", "/endpoints/scoring/rollouts", CANARY)
    assert (reply.status_code, reply.json()["code"]) == (403, "denied")
    reply = await served.call("POST", "/versions/churn:1.1.0/approve")
    assert reply.json()["approval"]["state"] == "approved"
    assert (await served.call("GET", "/versions?model=fraud")).status_code == 404
