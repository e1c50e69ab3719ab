"""JSON of many rows, read and written a piece at a time: between pieces others are served."""

from __future__ import annotations

import asyncio
import importlib
import sys

import msgspec

from hythe.dataplane.admit import Limits
from hythe.dataplane.ticket import Prediction
from hythe.runtime.batch import Batch, RowReader, cut, size
from hythe.server.http.body import LARGE, Buffer
from hythe.server.http.messages import Reply

_ROWS = 512
"""As many answers are written at a time: a millisecond of work."""
_encode = msgspec.json.Encoder().encode


async def read_rows(rows: RowReader, body: Buffer, limits: Limits) -> Batch:
    """Read JSON; a body of `LARGE` bytes or more becomes a table, which is smaller than row objects.

    Raises:
        Malformed, Invalid: as `RowReader.decode` does.
        TooLarge: as soon as there are more rows than the limit.

    """
    if len(body) < LARGE:
        batch: Batch = rows.decode(body)
        return batch
    if "pyarrow" not in sys.modules:  # the first import takes long
        await asyncio.to_thread(importlib.import_module, "pyarrow")
    read, gathered = 0, rows.gathering()
    for piece in rows.in_pieces(body):
        read += size(piece)
        limits.admit_rows(read)
        gathered.add(piece)
        await asyncio.sleep(0)
    return gathered.rows()


async def reply_rows(prediction: Prediction) -> Reply:
    """Write the answers as one document: `predictions`, `version`, `prediction_id`, and marks."""
    live, answers = prediction.version, prediction.answers
    pieces = []
    for start in range(0, size(answers), _ROWS):
        pieces.append(_encode(live.structs(cut(answers, start, start + _ROWS)))[1:-1])
        await asyncio.sleep(0)
    facts = {"version": live.spec.version, "prediction_id": prediction.id}
    rest = _encode(facts | dict.fromkeys(prediction.marks, True))
    return Reply(b'{"predictions":[%b],%b' % (b",".join(pieces), rest[1:]))
