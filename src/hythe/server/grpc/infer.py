"""`ModelInfer` and `ModelStreamInfer`: rows in input tensors, answers in output tensors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from hythe.base.errors import Unsupported
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.gate import Gate
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.ticket import Prediction
from hythe.dataplane.turned_away import TurnedAway
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.fingerprints import InFlight
from hythe.server.grpc.asking import ask_of
from hythe.server.grpc.contents import read, write
from hythe.server.grpc.ending import Ending
from hythe.server.grpc.messages import ModelInferRequest, ModelInferResponse, ModelStreamInferResponse
from hythe.server.grpc.poison import inside
from hythe.server.grpc.status import Context, explained
from hythe.server.http.outputs import Wanted, check_wanted

STREAM_AHEAD = 64
"""How many requests of one stream are worked on at once; the client's others wait in its connection."""
_RAW = "binary_data_output"
_RAW_ONE = "binary_data"
_REFUSED = {
    "classification": "leave it out, and read the labels and probabilities",
    "shared_memory_region": "send and receive the contents in the messages",
}


class InferDoor:
    """Answers requests for predictions, which come as the bytes of a `ModelInferRequest`."""

    def __init__(
        self,
        plane: DataPlane,
        gate: Gate | None,
        in_flight: InFlight | None,
        turned_away: TurnedAway | None = None,
    ) -> None:
        self._plane = plane
        self._gate = gate
        self._written = in_flight
        self._turned_away = turned_away

    async def infer(self, data: bytes, context: Context) -> bytes:
        """Answer one request."""
        request = ModelInferRequest.FromString(data)
        with Ending(self._turned_away) as ending:
            answer = (await self._answer(request, data, context, ending)).SerializeToString()
            ending.bytes_out = len(answer)
        return bytes(answer)

    async def stream(self, requests: AsyncIterator[bytes], context: Context) -> None:
        """Answer the requests of a stream in their order; an error ends its own request only."""
        pending: asyncio.Queue[asyncio.Task[Any] | None] = asyncio.Queue(STREAM_AHEAD)

        async def begin() -> None:
            async for data in requests:
                await pending.put(group.create_task(self._streamed(data, context)))
            await pending.put(None)

        async with asyncio.TaskGroup() as group:
            group.create_task(begin())
            while (task := await pending.get()) is not None:
                await context.write(await task)

    async def _streamed(self, data: bytes, context: Context) -> Any:
        request = ModelInferRequest()
        try:
            request.ParseFromString(data)
            with Ending(self._turned_away) as ending:
                response = await self._answer(request, data, context, ending)
                ending.bytes_out = response.ByteSize()
        except Exception as err:  # noqa: BLE001 - an error ends its own request only
            fault = explained(err)
            FAULTS.tell_once(fault)
            failed = ModelInferResponse(model_name=request.model_name, id=request.id)
            return ModelStreamInferResponse(error_message=str(fault), infer_response=failed)
        response.parameters["triton_final_response"].bool_param = True
        return ModelStreamInferResponse(infer_response=response)

    async def _answer(self, request: Any, data: bytes, context: Context, ending: Ending) -> Any:
        ask = ask_of(self._gate, request, context)

        async def batch(rows: RowReader) -> Batch:
            _check_outputs(request.outputs, [output.name for output in rows.schema.outputs])
            return read(request, rows)

        with inside(self._written, data):
            prediction = await self._plane.predict(
                request.model_name, batch, ask, bytes_in=len(data), begun=ending.begun
            )
        return _response(prediction, request)


def _check_outputs(wanted: Sequence[Any], known: Sequence[str]) -> None:
    check_wanted([Wanted(output.name) for output in wanted], known)
    for output in wanted:
        for parameter in output.parameters:
            if parameter in _REFUSED:
                remedy = _REFUSED[parameter]
                raise Unsupported(
                    f"output {output.name!r} asks for {parameter!r}, which is not served; {remedy}"
                )


def _response(prediction: Prediction, request: Any) -> Any:
    response = ModelInferResponse(
        model_name=prediction.endpoint,
        model_version=prediction.version.spec.version,
        id=request.id or prediction.id,
    )
    response.parameters["prediction_id"].string_param = prediction.id
    for mark in prediction.marks:
        response.parameters[mark].bool_param = True
    names = [output.name for output in request.outputs] or list(prediction.answers)
    write(response, prediction.answers, names, raw=_raw_wanted(request))
    return response


def _raw_wanted(request: Any) -> bool:
    """Tell whether raw contents are wanted: unless a parameter says no. A reply does not mix them."""
    if _RAW in request.parameters and not request.parameters[_RAW].bool_param:
        return False
    return all(
        output.parameters[_RAW_ONE].bool_param for output in request.outputs if _RAW_ONE in output.parameters
    )
