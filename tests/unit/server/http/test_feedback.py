"""`POST /feedback/{endpoint}`: all of a body is taken, or nothing, and found in the ring."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
import pytest_asyncio
from tests.unit.server.http.conftest import Caller

from hythe.dataplane.admit import Limits
from hythe.dataplane.feedback import FeedbackDesk
from hythe.dataplane.gate import Gate
from hythe.dataplane.turned_away import TurnedAway
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import Told
from hythe.runtime.counters import Counters, create
from hythe.runtime.limiter import Limiter
from hythe.runtime.limiter import create as create_limiter
from hythe.runtime.ring import Ring
from hythe.runtime.ring import create as create_ring
from hythe.security.keys import KeyEntry, new_key
from hythe.server.http.doors import make_app
from hythe.testing.plane import make_plane
from hythe.testing.tiny import tiny_endpoint

ID = "017f22e2-79b0-7000-8000-000000000000"
OTHER = "017f22e2-79b0-7000-8000-000000000001"
KEY = new_key()


class Desk:
    """The doors over a ring, and what is found in it."""

    def __init__(self, call: Caller, ring: Ring, counters: Counters) -> None:
        self.call = call
        self.ring = ring
        self.counters = counters
        self._taker = ring
        self._read = RecordReader()

    def found(self) -> list[tuple[str, Told]]:
        records = [self._read(data) for _, data in self._taker.take()]
        return [(record.layout.endpoint, told) for record in records for told in record.told]

    def counted(self, name: str, **labels: str) -> float:
        key = name, tuple(sorted(labels.items()))
        return float(self.counters.read().get(key, [0.0])[0])


Open = Callable[..., Any]


@pytest_asyncio.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """Give what opens the doors, with a ring of so many bytes, and perhaps a gate for `KEY`."""
    closing = []

    async def make(ring_bytes: int = 2**20, *, limits: Limits | None = None, gated: bool = False) -> Desk:
        descriptors = [create(slots=1), create_ring(ring_bytes)]
        counters, ring = Counters(descriptors[0], 0), Ring(descriptors[1])
        limits = limits or Limits()
        gate = None
        if gated:
            descriptors.append(create_limiter(columns=1))
            gate = Gate(Limiter(descriptors[2], 0))
            gate.update([KeyEntry(digest=KEY.digest, id=KEY.id, place=0, verbs=("predict",))])
        plane = make_plane(tiny_endpoint(tmp_path), counters=counters, limits=limits, gate=gate)
        await plane.start()
        turned_away = TurnedAway(counters)
        app = make_app(plane, counters, gate, None, turned_away, FeedbackDesk(counters, ring))
        closing.append((plane, descriptors))
        return Desk(Caller(app, limits), ring, counters)

    yield make
    for plane, descriptors in closing:
        await plane.close()
        for descriptor in descriptors:
            os.close(descriptor)


def item(prediction_id: str = ID, **others: Any) -> dict[str, Any]:
    return {"prediction_id": prediction_id, **others}


async def test_what_is_told_goes_into_the_ring(opened: Open) -> None:
    desk = await opened()
    told = [item(row=1, outcome="yes", values={"revenue": 12.5}), item(OTHER, outcome="no")]
    reply = await desk.call("POST", "/feedback/churn", {"feedback": told})
    assert (reply.status, reply.document) == (202, {"taken": 2})
    assert desk.found() == [
        ("churn", Told(ID, 1, "outcome", '"yes"')),
        ("churn", Told(ID, 1, "value:revenue", "12.5")),
        ("churn", Told(OTHER, 0, "outcome", '"no"')),
    ]
    assert desk.counted("hythe_feedback_total", endpoint="churn") == 2


def arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


TABLE = pa.table({"prediction_id": [f"{ID}:1", OTHER], "outcome": ["yes", None], "revenue": [None, 3]})
LINES = json.dumps(item(row=1, outcome="yes")) + "\n" + json.dumps(item(OTHER, values={"revenue": 3})) + "\n"
CSV = f"prediction_id,row,outcome,revenue\n{ID},1,yes,\n{OTHER},,,3\n"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/vnd.apache.arrow.stream", arrow(TABLE)),
        ("application/x-ndjson", LINES.encode()),
        ("application/jsonl; charset=utf-8", LINES.encode()),
        ("text/csv", CSV.encode()),
        ("text/csv", b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode()),
    ],
    ids=["arrow", "ndjson", "jsonl", "csv", "csv from a spreadsheet"],
)
async def test_tables_tell_the_same(opened: Open, kind: str, body: bytes) -> None:
    desk = await opened()
    for headers, sent in (({}, body), ({"content_encoding": "gzip"}, gzip.compress(body))):
        reply = await desk.call("POST", "/feedback/churn", raw=[sent], content_type=kind, **headers)
        assert (reply.status, reply.document) == (202, {"taken": 2})
        assert [told for _, told in desk.found()] == [
            Told(ID, 1, "outcome", '"yes"'),
            Told(OTHER, 0, "value:revenue", "3.0"),
        ]


@pytest.mark.parametrize("form", ["json", "lines"])
async def test_a_large_body_is_read_in_pieces(opened: Open, form: str) -> None:
    desk = await opened(4 * 2**20)
    told = [item(f"{ID[:-4]}{n:04x}", row=n, outcome="yes", values={"x},{": n}) for n in range(5000)]
    document = {"feedback": told}
    body = json.dumps(document) if form == "json" else "\n".join(map(json.dumps, told))
    kind = "application/json" if form == "json" else "application/x-ndjson"
    reply = await desk.call("POST", "/feedback/churn", raw=[body.encode()], content_type=kind)
    assert (reply.status, reply.document) == (202, {"taken": 5000})
    found = [told for _, told in desk.found()]
    assert len(found) == 10_000
    assert {each.id for each in found} == {each["prediction_id"] for each in told}
    wrong = body.replace('"row": 4321', '"row": "4321"')
    reply = await desk.call("POST", "/feedback/churn", raw=[wrong.encode()], content_type=kind)
    assert reply.status == 422
    assert reply.document["error"].startswith("feedback[4321].row: Expected int | null, got str; send ")
    assert desk.found() == []


@pytest.mark.parametrize(
    ("document", "status", "said"),
    [
        ({"feedback": [item(outcome="yes"), item(outcome="maybe")]}, 422, "feedback[1]: outcome is 'maybe'"),
        ({"feedback": [item("nonsense", outcome="yes")]}, 422, "feedback[0]: prediction_id is 'nonsense'"),
        ({"feedback": [item(outcome=1)]}, 422, "feedback[0]: outcome is 1; give text"),
        ({"feedback": [item(values={"revenue": "1"})]}, 422, "value 'revenue' is '1'; give a finite number"),
        ({"feedback": [{"outcome": "yes"}]}, 422, "feedback[0]: Object missing required field prediction_id"),
        ({"feedback": [item(outcom="yes")]}, 422, "feedback[0]: Object contains unknown field outcom"),
        ({"feedback": [item(row=1.5, outcome="no")]}, 422, "feedback[0].row: Expected int"),
        ({"feedback": []}, 422, "the request has no rows"),
        ({"rows": []}, 422, "Object contains unknown field rows"),
        ([], 422, "the body: Expected object, got array; send"),
    ],
)  # fmt: skip
async def test_wrong_feedback_is_refused_and_nothing_of_it_taken(
    opened: Open, document: Any, status: int, said: str
) -> None:
    desk = await opened()
    reply = await desk.call("POST", "/feedback/churn", document)
    assert reply.status == status
    assert said in reply.document["error"]
    assert ";" in reply.document["error"]
    assert desk.found() == []
    assert desk.counted("hythe_turned_away_total", reason="invalid") == 1


@pytest.mark.parametrize(
    ("kind", "body", "status", "said"),
    [
        ("application/json", b'{"feedback": [{"prediction_id": "x", "outcome": NaN}]}', 400, "JSON"),
        ("application/json", b"{", 400, "send JSON in UTF-8"),
        ("application/x-ndjson", b'{"prediction_id": "x"}\n{', 400, "send JSON in UTF-8"),
        ("application/x-ndjson", b"", 422, "no rows"),
        ("application/x-ndjson", LINES.encode() + b'{"prediction_id": 1}', 422, "feedback[2].prediction"),
        ("text/csv", b"", 422, "there is no column 'prediction_id'"),
        ("text/csv", b"prediction_id\n%b\n" % ID.encode(), 422, "neither a column 'outcome' nor a value"),
        ("text/csv", b"prediction_id,outcome\n%b,yes,1\n" % ID.encode(), 400, "line 2 has 3 cells"),
        ("text/csv", b"prediction_id,a,a\n%b,1,2\n" % ID.encode(), 422, "a column comes more than once"),
        ("text/csv", b"prediction_id,revenue\n%b,nan\n" % ID.encode(), 422, "value 'revenue' is nan"),
        ("text/csv", b"prediction_id,row,outcome\n%b,1.5,no\n" % ID.encode(), 422, "row is 1.5"),
        ("text/csv", b"prediction_id,outcome\n\xff,no\n", 400, "write UTF-8"),
        ("application/vnd.apache.arrow.stream", b"nonsense", 400, "cannot be read as Arrow data"),
        ("image/png", b"", 415, "send application/json"),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_is_refused(
    opened: Open, kind: str, body: bytes, status: int, said: str
) -> None:
    desk = await opened()
    reply = await desk.call("POST", "/feedback/churn", raw=[body], content_type=kind)
    assert (reply.status, said in reply.document["error"]) == (status, True), reply.document
    assert desk.found() == []


async def test_arrow_data_with_nan_are_refused_by_row(opened: Open) -> None:
    desk = await opened()
    table = pa.table({"prediction_id": [ID, OTHER], "revenue": pa.array([1.0, float("nan")])})
    kind = "application/vnd.apache.arrow.stream"
    reply = await desk.call("POST", "/feedback/churn", raw=[arrow(table)], content_type=kind)
    assert reply.status == 422
    assert reply.document["error"].startswith("feedback[1]: value 'revenue' is nan; give a finite number")


async def test_a_full_ring_says_when_to_tell_again(opened: Open) -> None:
    desk = await opened(64 * 1024)
    told = [item(row=row, outcome="yes") for row in range(150)]
    replies = [await desk.call("POST", "/feedback/churn", {"feedback": told}) for _ in range(10)]
    taken = [reply for reply in replies if reply.status == 202]
    full = [reply for reply in replies if reply.status == 503]
    assert (len(taken) + len(full), bool(taken), bool(full)) == (10, True, True)
    assert full[0].headers["retry-after"] == "1"
    assert desk.ring.used <= desk.ring.capacity * 3 // 4
    assert desk.ring.lost == 0
    assert len(desk.found()) == 150 * len(taken)


async def test_feedback_that_would_never_find_room_is_too_large(opened: Open) -> None:
    desk = await opened(64 * 1024)
    told = [item(row=row, outcome="yes") for row in range(2000)]
    reply = await desk.call("POST", "/feedback/churn", {"feedback": told})
    assert (reply.status, "send less at a time" in reply.document["error"]) == (413, True)
    assert desk.found() == []


async def test_limits_bound_feedback_as_they_do_rows(opened: Open) -> None:
    desk = await opened(limits=Limits(body_bytes=1000, rows=2))
    three = {"feedback": [item(row=row, outcome="no") for row in range(3)]}
    assert (await desk.call("POST", "/feedback/churn", three)).status == 413
    long = {"feedback": [item(outcome="no", values={"x" * 40 + str(n): 1 for n in range(30)})]}
    assert (await desk.call("POST", "/feedback/churn", long)).status == 413
    assert desk.found() == []


async def test_a_key_has_to_be_for_feedback(opened: Open) -> None:
    desk = await opened(gated=True)
    document = {"feedback": [item(outcome="yes")]}
    assert (await desk.call("POST", "/feedback/churn", document)).status == 401
    reply = await desk.call("POST", "/feedback/churn", document, authorization=f"Bearer {KEY.text}")
    assert (reply.status, "the verb 'feedback'" in reply.document["error"]) == (403, True)
    assert desk.counted("hythe_turned_away_total", reason="denied") == 1
    assert desk.found() == []


async def test_an_unknown_endpoint_is_named(opened: Open) -> None:
    desk = await opened()
    reply = await desk.call("POST", "/feedback/fraud", {"feedback": [item(outcome="yes")]})
    assert (reply.status, reply.document["error"]) == (404, "there is no endpoint 'fraud'; endpoints: churn")


async def test_a_server_without_a_catalog_says_that_it_keeps_nothing(call: Any) -> None:
    reply = await call("POST", "/feedback/churn", {"feedback": [item(outcome="yes")]})
    assert (reply.status, reply.document["code"]) == (400, "unsupported")
    assert "no catalog to keep feedback in" in reply.document["error"]


async def test_the_described_example_is_taken(opened: Open) -> None:
    desk = await opened()
    document = (await desk.call("GET", "/openapi.json")).document
    operation = document["paths"]["/feedback/churn"]["post"]
    content = operation["requestBody"]["content"]
    assert {"application/x-ndjson", "text/csv", "application/vnd.apache.arrow.stream"} <= set(content)
    asked = content["application/json"]
    jsonschema.Draft202012Validator(asked["schema"]).validate(asked["example"])
    reply = await desk.call("POST", "/feedback/churn", asked["example"])
    assert reply.status == 202
    described = operation["responses"]["202"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator(described).validate(reply.document)
    assert {"422", "503", "413", "403"} <= set(operation["responses"])
