"""A gRPC server on a small proven model in this process, and a client of its methods."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from hythe.dataplane.admit import Limits
from hythe.dataplane.gate import Gate
from hythe.dataplane.plane import DataPlane
from hythe.runtime import fingerprints
from hythe.runtime.counters import Counters, create
from hythe.server.grpc.messages import INFERENCE, ModelInferRequest, message, method
from hythe.server.grpc.server import GrpcServer
from hythe.testing.plane import make_plane
from hythe.testing.tiny import tiny_endpoint


@dataclass
class Client:
    """Calls methods by name, over one connection."""

    channel: Any

    def call(self, name: str, request: Any = None, *, service: str = INFERENCE, **options: Any) -> Any:
        """Begin a call; a dictionary becomes the method's own message."""
        descriptor = method(service, name)
        takes, gives = (message(kind.full_name) for kind in (descriptor.input_type, descriptor.output_type))
        kind = "stream" if descriptor.client_streaming else "unary"
        make = getattr(self.channel, f"{kind}_{'stream' if descriptor.server_streaming else 'unary'}")
        begin = make(f"/{service}/{name}", takes.SerializeToString, gives.FromString)
        if descriptor.client_streaming:
            return begin(request, **options)
        return begin(takes(**(request or {})) if not hasattr(request, "DESCRIPTOR") else request, **options)


@dataclass
class Served:
    """A client, and what stands behind it."""

    client: Client
    server: GrpcServer
    plane: DataPlane
    counters: Counters
    port: int


async def serve(folder: Path, gate: Gate | None = None, memory: int | None = None) -> AsyncIterator[Served]:
    """Serve on a free port; `memory` is that of the fingerprints."""
    descriptor = create(slots=1)
    counters = Counters(descriptor, 0)
    limits = Limits(body_bytes=20_000, rows=20)
    plane = make_plane(tiny_endpoint(folder), counters=counters, limits=limits, gate=gate)
    await plane.start()
    in_flight = None if memory is None else fingerprints.InFlight(memory, 1)
    server = GrpcServer(plane, counters, gate, in_flight)
    port = await server.start("127.0.0.1", 0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Served(Client(channel), server, plane, counters, port)
    await server.leave(successor=False)
    await plane.close()
    os.close(descriptor)


def rows(*tenures: int, **fields: Any) -> Any:
    """Ask about customers of these tenures, in typed contents."""
    count = len(tenures)
    request = ModelInferRequest(model_name="churn", **fields)
    request.inputs.add(name="tenure", datatype="INT64", shape=[count]).contents.int64_contents.extend(tenures)
    charges = request.inputs.add(name="total charges", datatype="FP64", shape=[count, 1])
    charges.contents.fp64_contents.extend([20.5] * count)
    contract = request.inputs.add(name="contract", datatype="BYTES", shape=[count])
    contract.contents.bytes_contents.extend([b"monthly"] * count)
    return request


def numbers(response: Any, name: str) -> Any:
    """Read a raw output of float64."""
    place = [output.name for output in response.outputs].index(name)
    values = np.frombuffer(response.raw_output_contents[place], "<f8")
    return values.reshape(response.outputs[place].shape)
