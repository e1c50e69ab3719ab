"""While much JSON is read, others have their turn."""

import asyncio
import json

import pyarrow as pa
import pytest

from hythe.base.errors import TooLarge
from hythe.bundle.schema import Column, Schema
from hythe.dataplane.admit import Limits
from hythe.runtime.pieces import PIECE
from hythe.runtime.records import Records
from hythe.server.http.large_json import read_rows

RECORDS = Records(Schema((Column("n", "int64"), Column("note", "string"))))
ROWS = [{"n": index, "note": "x" * 80} for index in range(9000)]
BODY = json.dumps({"rows": ROWS}).encode()


async def test_others_have_a_turn_after_each_piece() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    table = await read_rows(RECORDS, BODY, Limits())
    beside.cancel()
    assert turns >= len(BODY) // (2 * PIECE)
    assert isinstance(table, pa.Table)
    assert table.to_pylist() == ROWS


async def test_too_many_rows_are_refused_before_all_are_read() -> None:
    broken_at_its_end = BODY[:-40] + b"!" + BODY[-39:]
    with pytest.raises(TooLarge, match="more than 100"):
        await read_rows(RECORDS, broken_at_its_end, Limits(rows=100))
