"""`POST /predict/{endpoint}` beyond plain JSON: Arrow, CSV, compressed bodies, answers by `Accept`."""

from __future__ import annotations

from typing import Any

from hythe.dataplane.plane import DataPlane
from hythe.dataplane.ticket import Prediction
from hythe.runtime.batch import Batch, RowReader
from hythe.server.http.asking import predict
from hythe.server.http.messages import Reply, compressed, json_reply
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


async def answer_any(plane: DataPlane, request: Request, endpoint: str) -> Reply:
    """Answer rows of any form: a client that prefers nothing gets the form that it sent.

    Raises:
        WrongMedia: for a body of another kind.
        HytheError: as `read_table` and `DataPlane.predict` do.

    """
    sent = request.content_type if request.content_type in TABLE_TYPES else JSON_TYPE

    async def read(rows: RowReader) -> Batch:
        if sent in TABLE_TYPES:
            return await read_table(sent, await request.plain(), rows, plane.limits)
        batch: Batch = rows.decode(await request.json_body())
        return batch

    door = _DOORS[sent]
    prediction = await predict(plane, request, endpoint, read, door=door)
    wanted = answer_type(request.headers.get("accept"), sent)
    if wanted in TABLE_TYPES:
        return await reply_table(wanted, prediction, request)
    return await compressed(json_reply(_document(prediction)), request)


def _document(prediction: Prediction) -> dict[str, Any]:
    live = prediction.version
    return {
        "predictions": live.label(prediction.answers),
        "version": live.spec.version,
        "prediction_id": prediction.id,
        **dict.fromkeys(prediction.marks, True),
    }
