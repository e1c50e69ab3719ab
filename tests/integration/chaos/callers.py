"""Who asks while things break: `hythe.Client` and `AsyncClient`, which repeat, and two that do not."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import grpc
import numpy as np
from tests.integration.chaos.book import BROKEN, Book
from tests.integration.chaos.truth import ANSWER
from tests.integration.chaos.wire import Broken, Wire

from hythe.client import AsyncClient, Client
from hythe.server.grpc.messages import INFERENCE, ModelInferRequest, ModelInferResponse

CALLED = -1
"""Stands for the port of a call by gRPC, whose connection carries many."""
_OK, _EVERYBODY = 200, 64


async def repeating(client: AsyncClient, book: Book, endpoint: str) -> None:
    """Ask through the client for programs on asyncio."""
    for number, row in book.rows():
        found = await client.predict(endpoint, [row])
        book.right(number, found[0][ANSWER], found.prediction_id)
        book.next()
    book.next(others=_EVERYBODY)


def repeating_in_a_thread(client: Client, book: Book, endpoint: str) -> None:
    """Ask through the client for ordinary programs."""
    for number, row in book.rows():
        found = client.predict(endpoint, [row])
        book.right(number, found[0][ANSWER], found.prediction_id)


async def bare(wire: Wire, book: Book, endpoint: str) -> None:
    """Ask over bare connections, once each."""
    with closing(wire):
        for number, row in book.rows():
            await book.turn()
            began = time.monotonic()
            try:
                status, said = await wire.ask(endpoint, row)
            except Broken as err:
                book.wrong(began, err.port, BROKEN)
                continue
            if status == _OK:
                book.right(number, said["predictions"][0][ANSWER], said["prediction_id"])
            else:
                book.wrong(began, wire.port, f"{status} {said['error']}")


async def by_grpc(channel: Any, book: Book, endpoint: str) -> None:
    """Ask over gRPC, once each; a call waits for a server, and is not sent to one again."""
    infer = channel.unary_unary(
        f"/{INFERENCE}/ModelInfer",
        request_serializer=ModelInferRequest.SerializeToString,
        response_deserializer=ModelInferResponse.FromString,
    )
    for number, row in book.rows():
        await book.turn()
        began = time.monotonic()
        try:
            said = await infer(_request(endpoint, row), timeout=30, wait_for_ready=True)
        except grpc.aio.AioRpcError as err:
            book.wrong(began, CALLED, err.code().name)
            continue
        place = next(i for i, output in enumerate(said.outputs) if output.name == ANSWER)
        values = np.frombuffer(said.raw_output_contents[place], dtype=np.float64)
        book.right(number, float(values[0]))


def _request(endpoint: str, row: dict[str, float]) -> Any:
    request = ModelInferRequest(model_name=endpoint)
    for name, value in row.items():
        request.inputs.add(name=name, datatype="FP64", shape=[1])
        request.raw_input_contents.append(np.float64(value).tobytes())
    return request
