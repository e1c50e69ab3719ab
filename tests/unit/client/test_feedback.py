"""Feedback from both clients: what travels, what is repeated, what is refused before it is sent."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from hythe.base.errors import Invalid
from hythe.client import AsyncClient, Client, Patience
from hythe.client.feedback import feedback_body
from hythe.testing.scripted_server import RESET, ScriptedServer, Step, scripted

ITEM = {"prediction_id": "a", "row": 1, "outcome": "yes", "values": {"revenue": 12.5}}
BODY = b'{"feedback":[{"prediction_id":"a","row":1,"outcome":"yes","values":{"revenue":12.5}}]}'
TAKEN = Step(202, {"taken": 1})
FULL = Step(503, {"error": "there is no room for feedback just now", "code": "unavailable"})
QUICK = Patience(first_s=0.001, most_s=0.002)


async def tell(kind: str, server: ScriptedServer) -> int:
    if kind == "async":
        async with AsyncClient(server.url, patience=QUICK) as client:
            return await client.feedback("a b", [ITEM])

    def told() -> int:
        with Client(server.url, patience=QUICK) as client:
            return client.feedback("a b", [ITEM])

    return await asyncio.to_thread(told)


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_feedback_is_told_again_until_it_is_taken(kind: str) -> None:
    with scripted(RESET, FULL, TAKEN) as server:
        assert await tell(kind, server) == 1
    assert [heard.body for heard in server.heard] == [BODY] * 3
    assert server.heard[0].line == "POST /feedback/a%20b HTTP/1.1"
    assert server.heard[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_wrong_feedback_is_told_once(kind: str) -> None:
    refused = Step(422, {"error": "feedback[0]: outcome is 'maybe'", "code": "invalid"})
    with scripted(refused) as server, pytest.raises(Invalid, match=r"^feedback\[0\]: outcome"):
        await tell(kind, server)
    assert len(server.heard) == 1


def test_one_item_is_a_list_of_one() -> None:
    assert feedback_body(ITEM).content == BODY
    assert feedback_body({**ITEM, "row": np.int64(1)}).content == BODY


@pytest.mark.parametrize("make", [pa.table, pd.DataFrame, pl.DataFrame], ids=["arrow", "pandas", "polars"])
def test_tables_travel_as_arrow(make: Any) -> None:
    columns = {"prediction_id": ["a", "b"], "revenue": [1.0, None]}
    body = feedback_body(make(columns))
    assert body.media == "application/vnd.apache.arrow.stream"
    assert pa.ipc.open_stream(io.BytesIO(body.content)).read_all().to_pydict() == columns


@pytest.mark.parametrize(
    "wrong",
    [
        {**ITEM, "outcome": float("nan")},
        {**ITEM, "outcome": [1.0, float("inf")]},
        {**ITEM, "values": {"outcome": np.float32("nan")}},
    ],
)
def test_what_json_cannot_say_is_not_sent_as_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=r"feedback\[1\]\.outcome is (nan|inf); give a finite number"):
        feedback_body([ITEM, wrong])


@pytest.mark.parametrize("wrong", ["text", 3, [ITEM, "text"]])
def test_what_is_no_feedback_is_refused(wrong: Any) -> None:
    with pytest.raises(Invalid, match="give a list of dictionaries, or a table"):
        feedback_body(wrong)
