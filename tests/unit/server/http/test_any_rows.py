"""Hythe's own door, asked with tables and compressed bodies."""

import gzip
import json
from typing import Any

import pyarrow as pa
import pytest

from hythe.testing.tiny import expected

STREAM, FILE, CSV = "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file", "text/csv"
TABLE = pa.table(
    {
        "tenure": [4, 50],
        "total charges": pa.array([20.5, None], pa.float64()),
        "contract": ["monthly", "yearly"],
    }
)
WANTED = [expected(row) for row in TABLE.to_pylist()]


def arrow(new: Any = pa.ipc.new_stream) -> bytes:
    sink = pa.BufferOutputStream()
    with new(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return bytes(sink.getvalue().to_pybytes())


CSV_BODY = b"contract,tenure,total charges\nmonthly,4,20.5\nyearly,50,\n"


@pytest.mark.parametrize(
    ("kind", "body", "read"),
    [(STREAM, arrow(), pa.ipc.open_stream), (FILE, arrow(pa.ipc.new_file), pa.ipc.open_file)],
    ids=["stream", "file"],
)
async def test_arrow_is_answered_with_arrow(call: Any, kind: str, body: bytes, read: Any) -> None:
    reply = await call("POST", "/predict/churn", raw=[body], content_type=kind)
    assert (reply.status, reply.headers["content-type"]) == (200, kind)
    answers = read(reply.body).read_all()
    assert answers["label"].to_pylist() == ["yes", "no"]
    assert [row[1] for row in answers["probabilities"].to_pylist()] == pytest.approx(WANTED, rel=1e-12)
    identity = reply.headers["hythe-prediction-id"].encode()
    assert answers.schema.metadata == {b"hythe-prediction-id": identity, b"hythe-version": b"1.0.0"}


async def test_csv_is_answered_with_csv_and_with_json_where_asked(call: Any) -> None:
    reply = await call("POST", "/predict/churn", raw=[CSV_BODY], content_type="text/csv; charset=utf-8")
    assert (reply.status, reply.headers["content-type"]) == (200, CSV)
    lines = [line.split(",") for line in reply.body.decode().splitlines()]
    assert [float(line[2]) for line in lines[1:]] == pytest.approx(WANTED, rel=1e-12)
    reply = await call("POST", "/predict/churn", raw=[CSV_BODY], content_type=CSV, accept="application/json")
    scores = [answer["probabilities"]["yes"] for answer in reply.document["predictions"]]
    assert scores == pytest.approx(WANTED, rel=1e-12)
    assert reply.document["version"] == "1.0.0"


async def test_json_may_be_answered_with_a_table(call: Any) -> None:
    rows = {"rows": TABLE.to_pylist()}
    reply = await call("POST", "/predict/churn", rows, content_type="application/json", accept=STREAM)
    assert pa.ipc.open_stream(reply.body).read_all()["label"].to_pylist() == ["yes", "no"]


async def test_tables_may_be_compressed(call: Any) -> None:
    for encoding, body in (("gzip", gzip.compress(CSV_BODY)), ("identity", CSV_BODY)):
        reply = await call(
            "POST",
            "/predict/churn",
            raw=[body],
            content_type=CSV,
            content_encoding=encoding,
            accept_encoding="gzip",
        )
        assert reply.status == 200
        assert "content-encoding" not in reply.headers  # a small reply is sent as it is


@pytest.mark.parametrize("kind", [STREAM, FILE])
async def test_bytes_that_are_no_arrow_data_are_malformed(call: Any, kind: str) -> None:
    for body in (b"", b"ARROW1\0\0", b"x" * 100, arrow()[:200]):
        reply = await call("POST", "/predict/churn", raw=[body], content_type=kind)
        assert reply.status in {400, 422}
        assert reply.document["error"]


async def test_another_kind_of_body_is_refused_by_name(call: Any) -> None:
    reply = await call("POST", "/predict/churn", raw=[json.dumps({}).encode()], content_type="image/png")
    assert (reply.status, reply.document["code"]) == (415, "media_type")


def many(rows: int) -> list[dict[str, Any]]:
    kinds = ("monthly", "yearly")
    charges = [None if i % 7 == 0 else i / 10 for i in range(rows)]
    return [{"tenure": i % 90, "total charges": charges[i], "contract": kinds[i % 2]} for i in range(rows)]


async def test_many_rows_are_answered_as_few_are(call_with_much: Any) -> None:
    rows = many(9000)
    body = json.dumps({"rows": rows}).encode()
    reply = await call_with_much("POST", "/predict/churn", raw=[body], accept_encoding="gzip")
    assert "content-encoding" not in reply.headers, "plain JSON is answered as it comes, much or little"
    scores = [answer["probabilities"]["yes"] for answer in reply.document["predictions"]]
    assert scores == pytest.approx([expected(row) for row in rows], rel=1e-12)
    assert set(reply.document) == {"predictions", "version", "prediction_id"}


async def test_a_wrong_row_among_many_is_named(call_with_much: Any) -> None:
    rows = many(9000)
    rows[8990]["tenure"] = "long"
    reply = await call_with_much("POST", "/predict/churn", raw=[json.dumps({"rows": rows}).encode()])
    assert reply.status == 422
    assert reply.document["error"] == 'rows[8990].tenure is "long"; expected an integer from 0 to 100'
