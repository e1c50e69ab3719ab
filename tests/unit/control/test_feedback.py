"""Feedback over HTTP goes where `hythe feedback` puts it."""

from typing import Any

import pytest
from tests.unit.control.conftest import House

ID = "01a1ff88-aeaf-7470-a4da-8d5e51f1f958"


async def told(house: House, *items: dict[str, Any]) -> Any:
    return await house.call("POST", "/endpoints/scoring/feedback", {"feedback": list(items)})


@pytest.fixture
async def served(house: House) -> House:
    await house.call("POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})
    return house


async def test_what_is_told_waits_for_its_prediction(served: House) -> None:
    reply = await told(served, {"prediction_id": ID, "outcome": "yes", "values": {"revenue": 5}})
    assert reply.status_code == 200, reply.text
    assert served.registry.catalog.feedback.counts("scoring").waiting == reply.json()["waiting"] > 0


async def test_one_row_that_does_not_fit_keeps_all_from_being_stored(served: House) -> None:
    reply = await told(served, {"prediction_id": ID, "outcome": "yes"}, {"prediction_id": ID, "outcome": 7})
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    assert "feedback[1]" in reply.json()["error"]
    assert served.registry.catalog.feedback.counts("scoring").waiting == 0


async def test_nobody_tells_of_an_endpoint_that_never_was(house: House) -> None:
    reply = await told(house, {"prediction_id": ID, "outcome": "yes"})
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


async def test_it_takes_a_key_for_feedback(guarded: House) -> None:
    for verb, status in (("view", 403), ("feedback", 404)):
        key = guarded.key(verbs=(verb,))
        reply = await guarded.call("POST", "/endpoints/none/feedback", {"feedback": []}, headers=key)
        assert reply.status_code == status, reply.text
