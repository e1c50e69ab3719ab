"""What the server says of itself and its models, and how it ends."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.unit.server.grpc.served import Client, Served, rows

from hythe.base.errors import Invalid
from hythe.security.tls import Tls
from hythe.server.grpc.messages import HEALTH, INFERENCE
from hythe.server.grpc.server import GrpcServer


async def test_server_and_model_describe_themselves(served: Served) -> None:
    call = served.client.call
    assert (await call("ServerLive")).live
    assert (await call("ServerReady")).ready
    assert (await call("ModelReady", {"name": "churn", "version": "1.0.0"})).ready
    assert (await call("ServerMetadata")).name == "hythe"
    metadata = await call("ModelMetadata", {"name": "churn"})
    assert [(item.name, item.datatype, list(item.shape)) for item in metadata.inputs] == [
        ("tenure", "INT64", [-1, 1]),
        ("total charges", "FP64", [-1, 1]),
        ("contract", "BYTES", [-1, 1]),
    ]
    assert [(item.name, list(item.shape)) for item in metadata.outputs] == [
        ("label", [-1]),
        ("probabilities", [-1, 2]),
    ]
    assert dict(metadata.properties) == {"probabilities.classes": '["no","yes"]'}
    config = (await call("ModelConfig", {"name": "churn"})).config
    assert (config.name, config.max_batch_size) == ("churn", 20)
    assert [(item.name, item.data_type, list(item.dims), item.optional) for item in config.input] == [
        ("tenure", 9, [1], False),
        ("total charges", 12, [1], True),
        ("contract", 13, [1], False),
    ]
    [entry] = (await call("RepositoryIndex")).models
    assert (entry.name, entry.version, entry.state) == ("churn", "1.0.0", "READY")


async def test_a_model_that_is_not_there_is_unknown(served: Served) -> None:
    for name in ("ModelMetadata", "ModelConfig", "ModelReady", "ModelStatistics"):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await served.client.call(name, {"name": "chum"})
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert "Request for unknown model" in str(caught.value.details())


@pytest.mark.parametrize("name", ["ModelReady", "ModelStatistics", "ServerLive", "ModelInfer"])
async def test_bytes_that_are_no_message_are_the_callers_fault(served: Served, name: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.client.channel.unary_unary(f"/{INFERENCE}/{name}")(b"\x0a\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "cannot be read" in str(caught.value.details())


async def test_a_long_name_does_not_come_back_whole(served: Served) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.client.call("ModelInfer", {"model_name": "x" * 9000})
    details = str(caught.value.details())
    assert len(details) < 1100
    assert details.endswith("endpoints: churn")


async def test_statistics_count_rows_calls_and_failures(served: Served) -> None:
    for _ in range(3):
        await served.client.call("ModelInfer", rows(4, 5))
    with pytest.raises(grpc.aio.AioRpcError):
        await served.client.call("ModelInfer", rows(500))
    for request in ({}, {"name": "churn"}, {"name": "churn", "version": "1.0.0"}):
        [found] = (await served.client.call("ModelStatistics", request)).model_stats
        assert (found.name, found.version) == ("churn", "1.0.0")
        assert (found.inference_count, found.execution_count) == (6, 3)
        stats = found.inference_stats
        assert (stats.success.count, stats.fail.count, stats.compute_infer.count) == (3, 1, 3)
        assert stats.success.ns > stats.compute_infer.ns > 0


async def test_health_is_told_once_and_to_those_who_watch(served: Served) -> None:
    async def check(name: str) -> Any:
        return (await served.client.call("Check", {"service": name}, service=HEALTH)).status

    assert [await check(name) for name in ("", INFERENCE, "churn")] == [1, 1, 1]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await check("chum")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    watching = served.client.call("Watch", {"service": ""}, service=HEALTH)
    unknown = served.client.call("Watch", {"service": "chum"}, service=HEALTH)
    assert [(await watching.read()).status, (await unknown.read()).status] == [1, 3]
    served.server.drain()
    assert (await watching.read()).status == 2
    assert await watching.read() is grpc.aio.EOF
    assert not (await served.client.call("ServerReady")).ready
    assert await check("churn") == 2


async def test_services_can_be_listed_and_described(served: Served) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(served.client.channel)
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=INFERENCE),
    ]
    listed, described = [reply async for reply in stub.ServerReflectionInfo(iter(asked))]
    assert [item.name for item in listed.list_services_response.service] == [HEALTH, INFERENCE]
    assert described.file_descriptor_response.file_descriptor_proto


@contextlib.asynccontextmanager
async def beside(served: Served, most_age_s: float) -> AsyncIterator[tuple[GrpcServer, int, Client]]:
    """Serve the same models on another port, with one client connected."""
    server = GrpcServer(served.plane, served.counters, most_age_s=most_age_s)
    port = await server.start("127.0.0.1", 0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await channel.channel_ready()
        yield server, port, Client(channel)


async def test_a_server_that_leaves_answers_until_its_clients_have_moved_on(served: Served) -> None:
    answered = 0
    failures: list[grpc.aio.AioRpcError] = []
    async with beside(served, 2.0) as (server, port, client), asyncio.timeout(30):
        leaving = asyncio.create_task(server.leave(successor=True))
        while not failures:
            try:
                await client.call("ModelInfer", rows(4), timeout=20)
                answered += 1
            except grpc.aio.AioRpcError as err:
                failures.append(err)
        await leaving
    # Nobody is there to move on to; with a successor, the next connection would be its own.
    [failure] = failures
    assert failure.code() is grpc.StatusCode.UNAVAILABLE
    assert "connect" in str(failure.details())
    assert answered > 1
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass


async def test_a_server_that_nobody_calls_leaves_before_its_connections_are_old(served: Served) -> None:
    async with beside(served, 3600) as (server, _port, _client):
        await asyncio.wait_for(server.leave(successor=False), 30)


async def test_certificates_that_cannot_be_read_are_named(served: Served) -> None:
    server = GrpcServer(served.plane, served.counters, tls=Tls("/nowhere/cert.pem", "/nowhere/key.pem"))
    with pytest.raises(Invalid, match=r"/nowhere/key\.pem cannot be read: No such file"):
        await server.start("127.0.0.1", 0)
