"""`POST /predict/{endpoint}` and what every door does with a request."""

import asyncio
import gc
from typing import Any
from uuid import UUID

import pytest

from hythe.base import errors
from hythe.base.http_errors import STATUS, WrongMedia, WrongMethod
from hythe.testing.tiny import expected


async def test_rows_are_answered_with_version_and_id(call: Any, row: dict[str, Any]) -> None:
    reply = await call("POST", "/predict/churn", {"rows": [row, row | {"contract": "yearly"}]})
    assert reply.status == 200
    assert reply.headers == {"content-type": "application/json"}
    document = reply.document
    assert document["version"] == "1.0.0"
    assert UUID(document["prediction_id"]).version == 7
    first, second = document["predictions"]
    assert first["label"] == "yes"
    assert first["probabilities"]["yes"] == pytest.approx(expected(row), rel=1e-12)
    assert second["probabilities"]["yes"] == pytest.approx(expected(row | {"contract": "yearly"}), rel=1e-12)


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        (b'{"rows": [', 400, "malformed", "cannot be read as JSON"),
        (b'{"rows": []}', 422, "invalid", "no rows"),
        (b'{"rows": [{"tenure": 200}]}', 422, "invalid", 'rows[0] has no "contract"'),
        (b'{"tenure": "x", "contract": "a"}', 422, "invalid", 'tenure is "x"; expected an integer'),
    ],
)
async def test_what_is_wrong_is_said(call: Any, body: bytes, status: int, code: str, message: str) -> None:
    reply = await call("POST", "/predict/churn", raw=[body])
    assert (reply.status, reply.document["code"]) == (status, code)
    assert message in reply.document["error"]


@pytest.mark.parametrize("kind", ["image/png", "application/xml", "multipart/form-data"])
async def test_other_kinds_of_bodies_are_refused_by_name(call: Any, row: dict[str, Any], kind: str) -> None:
    reply = await call("POST", "/predict/churn", row, content_type=f"{kind}; x=y")
    assert (reply.status, reply.document["error"]) == (415, f"the body is {kind}; send application/json")


async def test_curls_own_content_type_is_read_as_json(call: Any, row: dict[str, Any]) -> None:
    for kind in (
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-8",
        "application/x+json",
    ):
        assert (await call("POST", "/predict/churn", row, content_type=kind)).status == 200


async def test_unknown_paths_and_methods_get_json(call: Any) -> None:
    reply = await call("GET", "/nothing/here")
    assert (reply.status, reply.document["code"]) == (404, "not_found")
    reply = await call("GET", "/predict/churn")
    assert (reply.status, reply.document["error"]) == (405, "/predict/churn does not take GET; use POST")
    reply = await call("POST", "/predict/chum", {})
    assert reply.document["error"] == "there is no endpoint 'chum'; endpoints: churn"


async def test_an_unexpected_error_is_one_sentence_with_an_id(
    call: Any, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("hythe.dataplane.endpoint.Endpoint.enter", broken)
    reply = await call("POST", "/predict/churn", row)
    assert reply.status == 500
    assert "secret" not in reply.body.decode()
    assert "a secret" in capsys.readouterr().err
    assert reply.document["error"] == (
        f"the server made a mistake; its log says more under the id {reply.document['id']}"
    )


async def test_a_draining_worker_says_goodbye_with_each_answer(call: Any, row: dict[str, Any]) -> None:
    call.app.state.draining = True
    reply = await call("POST", "/predict/churn", row)
    assert (reply.status, call.app.closing) == (200, True)
    assert (await call("GET", "/health/ready")).status == 503
    assert (await call("GET", "/health/live")).status == 200


@pytest.mark.parametrize("path", ["/predict/churn", "/v2/models/churn/infer", "/nowhere"])
async def test_a_request_leaves_nothing_for_the_garbage_collector(
    call: Any, row: dict[str, Any], path: str
) -> None:
    def requests() -> Any:
        return asyncio.gather(*(call("POST", path, {"rows": [row]}) for _ in range(50)))

    await requests()
    gc.collect()
    gc.disable()
    try:
        await requests()
        assert gc.collect() < 50
    finally:
        gc.enable()


def test_every_error_code_has_a_status() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    codes = {kind.code for kind in kinds if issubclass(kind, errors.HytheError)}
    assert codes | {WrongMedia.code, WrongMethod.code} == set(STATUS)
