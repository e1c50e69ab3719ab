"""The gRPC server: its methods, its limits, its address, and an end that loses no call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import grpc
from grpc_reflection.v1alpha.reflection import enable_server_reflection

from hythe.base.errors import Unavailable
from hythe.dataplane.gate import Gate
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.turned_away import TurnedAway
from hythe.runtime.counters import Counters
from hythe.runtime.fingerprints import InFlight
from hythe.security.tls import Tls
from hythe.server.grpc.calls import Calls, Handler
from hythe.server.grpc.connections import connected, turn_away
from hythe.server.grpc.credentials import server_credentials
from hythe.server.grpc.describe import DescribeDoor
from hythe.server.grpc.health import HealthDoor
from hythe.server.grpc.infer import InferDoor
from hythe.server.grpc.messages import (
    HEALTH,
    INFERENCE,
    POOL,
    ModelInferRequest,
    ModelInferResponse,
    message,
    method,
)
from hythe.server.grpc.readiness import Readiness
from hythe.server.grpc.status import Context

MOST_AGE_S = 10.0
"""How old a connection becomes. Its client is told in time to open another, and loses no call by it (HTTP/2,
GOAWAY); so a process that takes no new connections is soon left by all."""
_AGE_SPREAD = 1.1
_SILENT_PEER_S = 60
_QUIET_S = 0.5
_LOOK_S = 0.05
_LAST_GRACE_S = 5.0


class GrpcServer:
    """One process's server; `start` listens, `leave` ends it."""

    def __init__(
        self,
        plane: DataPlane,
        counters: Counters,
        gate: Gate | None = None,
        in_flight: InFlight | None = None,
        turned_away: TurnedAway | None = None,
        *,
        tls: Tls | None = None,
        most_age_s: float = MOST_AGE_S,
    ) -> None:
        self._readiness = readiness = Readiness(plane)
        self._calls = Calls()
        self._tls = tls
        self._most_age_s = most_age_s
        self._port = 0
        self._server = grpc.aio.server(options=_options(plane.limits.body_bytes, most_age_s))
        infer = InferDoor(plane, gate, in_flight, turned_away)
        describe = DescribeDoor(plane, counters, gate, readiness)
        services = (
            self._service(INFERENCE, _predicting(infer) | _describing(describe)),
            self._service(HEALTH, _health(HealthDoor(readiness))),
        )
        self._server.add_generic_rpc_handlers(services)
        enable_server_reflection((INFERENCE, HEALTH), self._server, POOL)

    async def start(self, host: str, port: int) -> int:
        """Listen beside other processes on the same port; give the port, a free one for 0.

        Raises:
            Unavailable: when the address is not to be had.
            Invalid: when the certificate or its key cannot be read.

        """
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            if self._tls is None:
                self._port = self._server.add_insecure_port(target)
            else:
                self._port = self._server.add_secure_port(target, server_credentials(self._tls))
        except RuntimeError as err:
            raise Unavailable(f"cannot serve gRPC on {target}: {err}; see the log") from err
        await self._server.start()
        return self._port

    def drain(self) -> None:
        """Say that no traffic should come; what comes is answered."""
        self._readiness.drain()

    async def leave(self, *, successor: bool) -> None:
        """Take no new connection, wait for the clients to move on, then end.

        With a `successor` on the same port, they move there as their connections grow old; without one they
        are waited for only while they call. A stream that stays open longer is cut off.
        """
        self.drain()
        turn_away(self._port)
        loop = asyncio.get_running_loop()
        end = loop.time() + self._most_age_s * _AGE_SPREAD + 1.0
        while loop.time() < end and connected(self._port) and (successor or self._calls.within(_QUIET_S)):  # noqa: ASYNC110 - the kernel is asked
            await asyncio.sleep(_LOOK_S)
        await self._server.stop(_LAST_GRACE_S)

    def _service(self, name: str, handlers: Mapping[str, Handler]) -> grpc.GenericRpcHandler:
        methods = {}
        for item, handler in handlers.items():
            descriptor = method(name, item)
            answering = self._calls.answering(_reading(descriptor, handler))
            methods[item] = _method(descriptor, answering)
        return grpc.method_handlers_generic_handler(name, methods)


def _options(body_bytes: int, most_age_s: float) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", body_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_connection_age_ms", int(most_age_s * 1e3)),
        ("grpc.keepalive_time_ms", _SILENT_PEER_S * 1000),
    ]


def _predicting(door: InferDoor) -> dict[str, Handler]:
    return {"ModelInfer": door.infer, "ModelStreamInfer": door.stream}


def _describing(door: DescribeDoor) -> dict[str, Handler]:
    return {
        "ServerLive": door.live,
        "ServerReady": door.ready,
        "ServerMetadata": door.server,
        "ModelReady": door.model_ready,
        "ModelMetadata": door.metadata,
        "ModelConfig": door.config,
        "ModelStatistics": door.statistics,
        "RepositoryIndex": door.index,
    }


def _health(door: HealthDoor) -> dict[str, Handler]:
    return {"Check": door.check, "Watch": door.watch}


def _reading(descriptor: Any, handler: Handler) -> Handler:
    """Have the request read inside the call, where bytes that cannot be read have a status of ours."""
    takes = message(descriptor.input_type.full_name)
    if takes is ModelInferRequest:
        return handler

    async def read(data: bytes, context: Context) -> Any:
        return await handler(takes.FromString(data), context)

    return read


def _method(descriptor: Any, handler: Handler) -> Any:
    """Bind a handler to a method; it takes bytes, and gives a message or bytes where it writes them."""
    kinds = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    make = kinds[descriptor.client_streaming, descriptor.server_streaming]
    gives = message(descriptor.output_type.full_name)
    return make(
        handler,
        None,
        None if gives is ModelInferResponse else gives.SerializeToString,
    )
