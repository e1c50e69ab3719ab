"""Simulated rollouts over HTTP."""

from typing import Any

import pytest
from tests.unit.control.conftest import House

PATH = "/endpoints/scoring/simulations"
ASKED: dict[str, Any] = {
    "ref": "churn:1.1.0",
    "policy": {"strategy": "canary", "guards": [{"metric": "error_rate"}]},
    "assumed": {"requests_per_s": 500, "candidate": {"error_rate": 0.05}},
    "runs": 5,
}


@pytest.fixture
async def served(house: House) -> House:
    """Give an API with an endpoint that serves churn 1.0.0."""
    reply = await house.call("POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})
    assert reply.status_code == 201
    return house


async def test_rollouts_are_played_and_nothing_begins(served: House) -> None:
    reply = await served.call("POST", PATH, ASKED)
    assert reply.status_code == 200, reply.text
    found = reply.json()
    assert (found["such"]["rolled_back"]["share"], found["equal"]["promoted"]["share"]) == (1.0, 1.0)
    assert (await served.call("GET", "/rollouts")).json() == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"runs": 100_000}, "runs is 100000; give 1 to 500"),
        ({"assumed": {"slowness": 2}}, "slowness"),
        ({"assumed": {}}, "--requests-per-s"),
        ({"policy": {"alpha": 7}}, "alpha is 7"),
    ],
)
async def test_what_cannot_be_played_is_refused(served: House, changed: dict[str, Any], says: str) -> None:
    reply = await served.call("POST", PATH, ASKED | changed)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    assert says in reply.json()["error"]
