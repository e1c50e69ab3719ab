"""What is sent where."""

from typing import Any

import pytest

from hythe.base.errors import Invalid, NotFound
from hythe.operations.pressure.replies import Reply
from hythe.operations.pressure.target import Target, fault_of, find_target
from hythe.testing.scripted_server import Step, scripted

POST = {"post": {"requestBody": {"content": {"application/json": {"example": {"rows": [{"tenure": 4}]}}}}}}
BARE: dict[str, Any] = {"post": {"requestBody": {"content": {"application/json": {}}}}}


def openapi(**paths: object) -> Step:
    return Step(
        document={
            "paths": {f"/predict/{name}": what for name, what in paths.items()} | {"/ping": {"get": {}}}
        }
    )


def test_the_servers_own_example_is_sent_to_its_one_endpoint() -> None:
    with scripted(openapi(churn=POST)) as server:
        found = find_target(f"{server.url}/", None, rows_each=2)
    assert found.url == f"{server.url}/predict/churn"
    assert found.bodies == [b'{"rows":[{"tenure":4},{"tenure":4}]}']


def test_given_rows_are_sent_in_turn_and_shared_out() -> None:
    rows = [{"x": 1}, {"x": 2}, {"x": 3}]
    found = find_target("http://here/predict/churn", rows, rows_each=2)
    assert found.bodies == [b'{"rows":[{"x":1},{"x":2}]}', b'{"rows":[{"x":3},{"x":1}]}']


def test_what_is_only_got_is_got() -> None:
    with scripted(openapi(churn=POST)) as server:
        found = find_target(f"{server.url}/ping", None)
    assert found.requests(1.0)[0].startswith(b"GET /ping HTTP/1.1\r\n")


def test_several_endpoints_are_listed() -> None:
    with (
        scripted(openapi(churn=POST, fraud=POST)) as server,
        pytest.raises(Invalid, match="/predict/churn, /predict/fraud"),
    ):
        find_target(server.url, None)


def test_without_an_example_rows_are_asked_for() -> None:
    with scripted(openapi(churn=BARE)) as server, pytest.raises(NotFound, match="give rows with --data"):
        find_target(f"{server.url}/predict/churn", None)


@pytest.mark.parametrize(("url", "rows_each"), [("here:80/predict/x", 1), ("http://here/predict/x", 0)])
def test_what_makes_no_sense_is_refused(url: str, rows_each: int) -> None:
    with pytest.raises(Invalid):
        find_target(url, [{"x": 1}], rows_each=rows_each)


def test_a_refusal_is_named_by_status_and_word() -> None:
    assert fault_of(Reply(429, b'{"error": "no room", "code": "busy"}', True)) == ("429 busy", "no room")
    assert fault_of(Reply(502, b"<h1>", True)) == ("502", "<h1>")


@pytest.mark.parametrize(
    ("url", "port"), [("http://here", 80), ("https://here", 443), ("http://[::1]:81", 81)]
)
def test_the_port_is_the_schemes_own_unless_given(url: str, port: int) -> None:
    assert Target(url=url).port == port
