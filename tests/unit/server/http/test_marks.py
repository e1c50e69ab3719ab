"""A client can tell, at every door, that an answer was stored or that a fallback gave it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
import pytest_asyncio
from tests.unit.server.http.conftest import Caller

from hythe.dataplane.admit import Limits
from hythe.dataplane.plane import DataPlane
from hythe.rollout.plan import CacheOptions
from hythe.runtime.counters import Counters, create
from hythe.server.http.doors import make_app
from hythe.testing.plane import make_plane
from hythe.testing.tiny import expected, tiny_endpoint

ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}
CSV = b"tenure,total charges,contract\n4,20.5,monthly\n"
TENSORS = {
    "inputs": [
        {"name": "tenure", "datatype": "INT64", "shape": [1], "data": [4]},
        {"name": "total charges", "datatype": "FP64", "shape": [1], "data": [20.5]},
        {"name": "contract", "datatype": "BYTES", "shape": [1], "data": ["monthly"]},
    ]
}
ARROW = "application/vnd.apache.arrow.stream"
CONSTANT = {"label": "no", "probabilities": {"no": 1.0, "yes": 0.0}}


@pytest_asyncio.fixture
async def plane(tmp_path: Path, counters: Counters) -> AsyncIterator[DataPlane]:
    tiny = tiny_endpoint(tmp_path)
    kept = msgspec.structs.replace(tiny.plan, cache=CacheOptions(ttl_s=600), constant=CONSTANT)
    plane = make_plane(msgspec.structs.replace(tiny, plan=kept), counters=counters)
    await plane.start()
    yield plane
    await plane.close()


@pytest.fixture
def counters() -> Any:
    descriptor = create(slots=1)
    yield Counters(descriptor, 0)
    os.close(descriptor)


@pytest.fixture
def call(plane: DataPlane, counters: Counters, monkeypatch: pytest.MonkeyPatch) -> Caller:
    monkeypatch.setenv("AIP_HEALTH_ROUTE", "/health")
    monkeypatch.setenv("AIP_PREDICT_ROUTE", "/vertex")
    return Caller(make_app(plane, counters), Limits())


async def marks(call: Caller) -> dict[str, tuple[Any, Any]]:
    """Ask every door for the same row; gives whether each says `degraded` and `cached`."""

    def headers(reply: Any) -> tuple[bool, bool]:
        assert reply.status == 200, reply.body
        return (
            reply.headers.get("hythe-degraded") == "true",
            reply.headers.get("hythe-cached") == "true",
        )

    def fields(document: Any) -> tuple[bool, bool]:
        return document.get("degraded", False), document.get("cached", False)

    arrow = await call("POST", "/predict/churn", {"rows": [ROW]}, accept=ARROW)
    metadata = pa.ipc.open_stream(arrow.body).read_all().schema.metadata
    return {
        "json": fields((await call("POST", "/predict/churn", {"rows": [ROW]})).document),
        "other json": fields(
            (
                await call(
                    "POST", "/predict/churn", raw=[CSV], content_type="text/csv", accept="application/json"
                )
            ).document
        ),
        "csv": headers(await call("POST", "/predict/churn", raw=[CSV], content_type="text/csv")),
        "arrow": (metadata.get(b"hythe-degraded") == b"true", metadata.get(b"hythe-cached") == b"true"),
        "arrow headers": headers(arrow),
        "v1": headers(await call("POST", "/v1/models/churn:predict", {"instances": [ROW]})),
        "v2": fields((await call("POST", "/v2/models/churn/infer", TENSORS)).document["parameters"]),
        "invocations": headers(await call("POST", "/invocations", {"dataframe_records": [ROW]})),
        "vertex": headers(await call("POST", "/vertex", {"instances": [ROW]})),
    }


async def test_the_first_answer_is_not_marked(call: Caller) -> None:
    reply = await call("POST", "/predict/churn", {"rows": [ROW]})
    assert reply.document["predictions"][0]["probabilities"]["yes"] == pytest.approx(expected(ROW), rel=1e-12)
    assert not {"degraded", "cached"} & set(reply.document)


async def test_a_stored_answer_is_marked_at_every_door_whichever_was_asked_first(call: Caller) -> None:
    await call("POST", "/predict/churn", {"rows": [ROW]})
    assert set((await marks(call)).values()) == {(False, True)}


async def test_a_constant_is_marked_at_every_door(call: Caller, plane: DataPlane) -> None:
    await plane.endpoint("churn").version("1.0.0").session.close()
    assert set((await marks(call)).values()) == {(True, False)}
    reply = await call("POST", "/predict/churn", {"rows": [ROW, ROW]})
    assert reply.document["predictions"] == [CONSTANT] * 2
