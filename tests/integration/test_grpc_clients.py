"""Triton's gRPC client, unchanged, against a running server: the calls of its examples, and what stays whole.

The calls are those of src/python/examples/*grpc*.py in github.com/triton-inference-server/client, on a model
like the `simple` of those examples: it adds and subtracts two tensors of 16 integers.
"""

import asyncio
import os
import queue
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from tests.integration.certificates import Authority
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, deserialize_bytes_tensor

from hythe.bundle.feed import Feed
from hythe.bundle.schema import Output, Schema, Tensor
from hythe.bundle.variant import Variant
from hythe.compile.graph import Graph
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, VersionSpec
from hythe.rollout.plan import Plan
from hythe.runtime.backoff import Backoff
from hythe.runtime.supervisor import SupervisorConfig
from hythe.security.tls import Tls
from hythe.server.serve import ServeConfig
from hythe.testing.server import Running, running
from hythe.testing.tensors import text_endpoint
from hythe.testing.tiny import DIGEST, expected, tiny_endpoint

pytestmark = pytest.mark.integration

CONFIG = ServeConfig(
    port=0, grpc_port=0, supervisor=SupervisorConfig(drain_s=0.2, backoff=Backoff(first_s=0.05))
)
WORKER = "hythe.server.grpc.worker"
ONES = np.ones((1, 16), dtype=np.int32)
COUNT = np.arange(16, dtype=np.int32).reshape(1, 16)


def simple_endpoint(folder: Path) -> EndpointSpec:
    inputs = tuple(Tensor(name, "int32", (16,)) for name in ("INPUT0", "INPUT1"))
    outputs = tuple(Output(name, "int32", (16,)) for name in ("OUTPUT0", "OUTPUT1"))
    graph = Graph()
    first, second = (graph.input(item.name, np.int32, 16) for item in inputs)
    files = OnnxFiles(str(folder / "simple.onnx"), str(folder / "simple.json"))
    model = graph.build({"OUTPUT0": first + second, "OUTPUT1": first - second})
    Path(files.graph).write_bytes(model.SerializeToString())
    Path(files.variant).write_bytes(Variant(Feed(tensors=inputs), ("OUTPUT0", "OUTPUT1")).encode())
    version = VersionSpec("1.0.0", DIGEST, Schema(inputs, outputs, container="tensors"), files)
    return EndpointSpec("simple", Plan.of("1.0.0", DIGEST), (version,))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("grpc")
    endpoints = [simple_endpoint(folder), tiny_endpoint(folder), text_endpoint(folder)]
    with running(endpoints, CONFIG, log=folder / "log") as found:
        yield found


@pytest.fixture(scope="module")
def client(server: Running) -> Iterator[Any]:
    with triton.InferenceServerClient(server.grpc) as found:
        yield found


def inputs(module: Any = triton, first: Any = COUNT) -> list[Any]:
    made = [module.InferInput(name, [1, 16], "INT32") for name in ("INPUT0", "INPUT1")]
    for item, values in zip(made, (first, ONES), strict=True):
        item.set_data_from_numpy(values)
    return made


def outputs(module: Any = triton) -> list[Any]:
    return [module.InferRequestedOutput(name) for name in ("OUTPUT0", "OUTPUT1")]


def check(result: Any, first: Any = COUNT) -> None:
    np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), first + ONES)
    np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), first - ONES)


def test_simple_grpc_health_metadata(client: Any) -> None:
    assert client.is_server_live(headers={"test": "1", "dummy": "2"})
    assert client.is_server_ready()
    assert client.is_model_ready("simple")
    assert client.get_server_metadata().name == "hythe"
    assert client.get_model_metadata("simple", headers={"test": "1", "dummy": "2"}).name == "simple"
    assert client.get_model_config("simple").config.name == "simple"
    with pytest.raises(InferenceServerException, match="Request for unknown model"):
        client.get_model_metadata("wrong_model_name")
    index = client.get_model_repository_index(as_json=True)["models"]
    assert {item["name"]: item["state"] for item in index} == dict.fromkeys(
        ("simple", "churn", "text"), "READY"
    )


@pytest.mark.parametrize("compression", [None, "deflate", "gzip"])
def test_simple_grpc_infer_client(client: Any, compression: str | None) -> None:
    before = client.get_inference_statistics("simple").model_stats[0].inference_count
    for wanted in (outputs(), None):
        result = client.infer(
            "simple",
            inputs(),
            outputs=wanted,
            headers={"test": "1"},
            client_timeout=30,
            compression_algorithm=compression,
        )
        check(result)
    [statistics] = client.get_inference_statistics("simple").model_stats
    assert statistics.inference_count == before + 2


@pytest.mark.parametrize(
    "options",
    [
        {"keepalive_options": triton.KeepAliveOptions(keepalive_time_ms=2**31 - 1)},
        {
            "channel_args": [
                ("grpc.max_send_message_length", 2**20),
                ("grpc.max_receive_message_length", 2**20),
                ("grpc.keepalive_timeout_ms", 20_000),
                ("grpc.http2.max_pings_without_data", 2),
            ]
        },
    ],
    ids=["keepalive", "custom_args"],
)
def test_simple_grpc_channel_clients(server: Running, options: dict[str, Any]) -> None:
    with triton.InferenceServerClient(server.grpc, **options) as found:
        check(found.infer("simple", inputs(), outputs=outputs()))


def test_simple_grpc_async_infer_client(client: Any) -> None:
    arrived: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.async_infer("simple", inputs(), callback=lambda result, error: arrived.put((result, error)))
    client.async_infer("wrong", inputs(), callback=lambda result, error: arrived.put((result, error)))
    came = [arrived.get(timeout=30) for _ in range(2)]
    [result] = [result for result, error in came if error is None]
    [error] = [error for _, error in came if error is not None]
    check(result)
    assert error.status() == "StatusCode.NOT_FOUND"


def test_simple_grpc_stream_clients(client: Any) -> None:
    arrived: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.start_stream(callback=lambda result, error: arrived.put((result, error)))
    for number in range(20):
        client.async_stream_infer(
            "simple",
            inputs(first=COUNT + np.int32(number)),
            outputs=outputs(),
            request_id=str(number),
            sequence_id=1000,
            sequence_start=number == 0,
            sequence_end=number == 19,
        )
    client.async_stream_infer("wrong", inputs(), request_id="20")
    came = [arrived.get(timeout=30) for _ in range(21)]
    client.stop_stream()
    *results, (_, error) = came
    assert "there is no endpoint 'wrong'" in error.message()
    for number, (result, none) in enumerate(results):
        assert none is None
        assert result.get_response().id == str(number)
        check(result, COUNT + np.int32(number))


async def test_simple_grpc_aio_clients(server: Running) -> None:
    async def requests() -> AsyncIterator[dict[str, Any]]:
        for number in range(8):
            yield {"model_name": "simple", "inputs": inputs(triton_aio), "request_id": str(number)}

    async with triton_aio.InferenceServerClient(server.grpc) as found:
        check(await found.infer("simple", inputs(triton_aio), outputs=outputs(triton_aio), client_timeout=30))
        assert len((await found.get_inference_statistics("simple")).model_stats) == 1
        calls = [found.infer("simple", inputs(triton_aio)) for _ in range(2)]
        for result in await asyncio.gather(*calls):
            check(result)
        ids = []
        async for result, error in found.stream_infer(requests()):
            assert error is None
            check(result)
            ids.append(result.get_response().id)
        assert ids == [str(number) for number in range(8)]


def test_grpc_explicit_content_clients(server: Running) -> None:
    request = service_pb2.ModelInferRequest(model_name="simple")
    for name, values in (("INPUT0", COUNT), ("INPUT1", ONES)):
        item = request.inputs.add(name=name, datatype="INT8", shape=[1, 16])
        item.contents.int_contents[:] = values.ravel().tolist()
        request.outputs.add(name=name.replace("IN", "OUT"))
    with grpc.insecure_channel(server.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        total, difference = stub.ModelInfer(request).raw_output_contents
        np.testing.assert_array_equal(np.frombuffer(total, "<i4"), (COUNT + ONES).ravel())
        np.testing.assert_array_equal(np.frombuffer(difference, "<i4"), (COUNT - ONES).ravel())
        request.raw_input_contents.append(COUNT[0, :8].tobytes())
        message = "contents field must not be specified when using raw_input_contents for 'INPUT0'"
        with pytest.raises(grpc.RpcError, match=f"{message} for model 'simple'"):
            stub.ModelInfer(request)
        text = service_pb2.ModelInferRequest(model_name="text")
        item = text.inputs.add(name="text", datatype="BYTES", shape=[2])
        item.contents.bytes_contents.extend(["grüß dich".encode(), b"bye"])
        assert stub.ModelInfer(text).raw_output_contents[0] == b"\x01\x00"


def test_columns_come_as_tensors_of_their_own(client: Any) -> None:
    rows: list[dict[str, Any]] = [
        {"tenure": 4, "total charges": 20.5, "contract": "monthly"},
        {"tenure": 50, "total charges": None, "contract": "yearly"},
    ]
    made = [
        triton.InferInput("tenure", [2], "INT64"),
        triton.InferInput("total charges", [2, 1], "FP64"),
        triton.InferInput("contract", [2, 1], "BYTES"),
    ]
    made[0].set_data_from_numpy(np.array([4, 50]))
    made[1].set_data_from_numpy(np.array([[20.5], [np.nan]]))
    made[2].set_data_from_numpy(np.array([["monthly"], ["yearly"]], dtype=object))
    result = client.infer("churn", made)
    wanted = [expected(row) for row in rows]
    np.testing.assert_allclose(result.as_numpy("probabilities")[:, 1], wanted, rtol=1e-12)
    label = result.get_response().raw_output_contents[0]
    assert deserialize_bytes_tensor(label).tolist() == [b"yes", b"no"]


def test_what_is_not_served_is_said_to_be(client: Any) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: client.load_model("simple"),
        lambda: client.unload_model("simple"),
        client.get_system_shared_memory_status,
        client.get_trace_settings,
    ]
    for call in calls:
        with pytest.raises(InferenceServerException) as caught:
            call()
        assert caught.value.status() == "StatusCode.UNIMPLEMENTED"


class Load:
    """Callers that ask without pause until they find no server; what else goes wrong is lost."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.answered = self.homeless = 0
        self.lost: Counter[str] = Counter()
        self.ended = False

    async def caller(self) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]  # a connection of its own
        async with triton_aio.InferenceServerClient(self.address, channel_args=options) as found:
            while not self.ended:
                try:
                    check(await found.infer("simple", inputs(triton_aio)))
                except InferenceServerException as err:
                    if "failed to connect to all addresses" in str(err.message()):
                        self.homeless += 1
                    else:
                        self.lost[f"{err.status()}: {err.message()}"] += 1
                    return
                self.answered += 1

    async def have_answered(self, more: int) -> None:
        target = self.answered + more
        await until(lambda: self.answered >= target)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.01)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Running]:
    with running([simple_endpoint(tmp_path)], CONFIG, log=tmp_path / "log") as found:
        yield found


@pytest.mark.slow
async def test_replacing_the_process_loses_no_call(alone: Running) -> None:
    load = Load(alone.grpc)
    callers = [asyncio.create_task(load.caller()) for _ in range(6)]
    await load.have_answered(100)
    [before] = alone.pids(WORKER)
    alone.replace()
    await until(lambda: before not in alone.pids(WORKER))
    await load.have_answered(100)
    load.ended = True
    await asyncio.gather(*callers)
    assert (load.lost, load.homeless) == ({}, 0)
    assert len(alone.pids(WORKER)) == 1


async def test_a_stop_under_load_loses_no_call(alone: Running) -> None:
    load = Load(alone.grpc)
    callers = [asyncio.create_task(load.caller()) for _ in range(6)]
    await load.have_answered(100)
    alone.terminate()
    await asyncio.wait_for(asyncio.gather(*callers), 60)
    assert (load.lost, load.homeless) == ({}, 6)
    assert await asyncio.to_thread(alone.wait) == 0


async def test_a_killed_process_comes_back_at_the_same_address(alone: Running) -> None:
    [before] = alone.pids(WORKER)
    os.kill(before, signal.SIGKILL)
    await until(lambda: alone.pids(WORKER) not in ([], [before]))
    async with grpc.aio.insecure_channel(alone.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        reply = await stub.ServerReady(service_pb2.ServerReadyRequest(), wait_for_ready=True, timeout=30)
    assert reply.ready


def test_clients_show_their_certificates(tmp_path: Path) -> None:
    ours, strangers = Authority.made(tmp_path / "ours"), Authority.made(tmp_path / "strangers")
    cert, key = ours.issue("server")
    tls = Tls(str(cert), str(key), client_ca=str(ours.cert))
    config = ServeConfig(port=0, grpc_port=0, tls=tls)

    def found(address: str, authority: Authority) -> Any:
        mine, secret = authority.issue("client")
        return triton.InferenceServerClient(
            address,
            ssl=True,
            root_certificates=str(ours.cert),
            certificate_chain=str(mine),
            private_key=str(secret),
        )

    with running([simple_endpoint(tmp_path)], config, log=tmp_path / "log") as secured:
        with found(secured.grpc, ours) as known:
            check(known.infer("simple", inputs()))
        with found(secured.grpc, strangers) as unknown, pytest.raises(InferenceServerException) as caught:
            unknown.infer("simple", inputs(), client_timeout=30)
        assert caught.value.status() == "StatusCode.UNAVAILABLE"
        with triton.InferenceServerClient(secured.grpc) as bare, pytest.raises(InferenceServerException):
            bare.infer("simple", inputs(), client_timeout=30)
