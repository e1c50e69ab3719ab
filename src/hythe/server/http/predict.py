"""`POST /predict/{endpoint}`: JSON rows or columns in, one labelled answer for each row out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hythe.dataplane.plane import DataPlane
from hythe.runtime.answers import Answer
from hythe.runtime.batch import RowReader
from hythe.server.http.messages import Reply, Request
from hythe.server.http.router import Route


class Predictions(msgspec.Struct, gc=False):
    """The reply: row `i` of the request has the prediction id `prediction_id` + `:i`."""

    predictions: list[Answer]
    version: str
    prediction_id: str


class PredictDoor:
    """Hythe's own protocol."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._encode = msgspec.json.Encoder().encode

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("POST", "/predict/{endpoint}", self.predict)

    async def predict(self, request: Request, endpoint: str) -> Reply:
        """Answer the rows of the body."""

        async def read(rows: RowReader) -> Any:
            return rows.decode(await request.json_body())

        prediction = await self._plane.predict(endpoint, read)
        live = prediction.version
        labelled = Predictions(live.label(prediction.answers), live.spec.version, prediction.id)
        return Reply(self._encode(labelled))
