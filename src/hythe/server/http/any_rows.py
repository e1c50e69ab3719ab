"""`POST /predict/{endpoint}` beyond a little JSON: Arrow, CSV, large or compressed bodies, `Accept`."""

from __future__ import annotations

from hythe.dataplane.plane import DataPlane
from hythe.runtime.batch import Batch, RowReader
from hythe.server.http.asking import predict
from hythe.server.http.large_json import read_rows, reply_rows
from hythe.server.http.messages import Reply, compressed
from hythe.server.http.request import Request
from hythe.server.http.tables import (
    ARROW_FILE,
    ARROW_STREAM,
    CSV_TYPE,
    JSON_TYPE,
    TABLE_TYPES,
    answer_type,
    read_table,
    reply_table,
)

_DOORS = {JSON_TYPE: "json", CSV_TYPE: "csv", ARROW_STREAM: "arrow", ARROW_FILE: "arrow"}


async def answer_any(
    plane: DataPlane, request: Request, endpoint: str, *, may_compress: bool = True
) -> Reply:
    """Answer rows of any form: a client that prefers nothing gets the form that it sent.

    Raises:
        WrongMedia: for a body of another kind.
        HytheError: as `read_table` and `DataPlane.predict` do.

    """
    sent = request.content_type if request.content_type in TABLE_TYPES else JSON_TYPE

    async def read(rows: RowReader) -> Batch:
        if sent in TABLE_TYPES:
            return await read_table(sent, await request.plain(), rows, plane.limits)
        return await read_rows(rows, await request.plain_json(), plane.limits)

    door = _DOORS[sent]
    prediction = await predict(plane, request, endpoint, read, door=door)
    wanted = answer_type(request.headers.get("accept"), sent)
    if wanted in TABLE_TYPES:
        return await reply_table(wanted, prediction, request)
    reply = await reply_rows(prediction)
    return await compressed(reply, request) if may_compress else reply
