"""What the server and its models are: readiness, metadata, configuration, index, statistics."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from hythe.base.errors import Denied, NotFound
from hythe.base.version import VERSION
from hythe.bundle.schema import Column, Output, Tensor
from hythe.dataplane.ask import Caller
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.gate import Gate
from hythe.dataplane.live import LiveVersion
from hythe.dataplane.plane import PREDICT, DataPlane
from hythe.dataplane.spec import OnnxFiles
from hythe.runtime.counters import Counters
from hythe.server.grpc.asking import caller_of
from hythe.server.grpc.messages import (
    ModelConfigResponse,
    ModelMetadataResponse,
    ModelReadyResponse,
    ModelStatisticsResponse,
    RepositoryIndexResponse,
    ServerLiveResponse,
    ServerMetadataResponse,
    ServerReadyResponse,
)
from hythe.server.grpc.readiness import Readiness
from hythe.server.grpc.statistics import counted
from hythe.server.grpc.status import Context
from hythe.server.http.tensors import datatype

EXTENSIONS = ("model_configuration", "statistics")
"""Those of Triton's extensions that are served whole."""


class DescribeDoor:
    """Answers what is asked about the server and its models; `ServerLive` and `ServerReady` need no key."""

    def __init__(self, plane: DataPlane, counters: Counters, gate: Gate | None, readiness: Readiness) -> None:
        self._plane = plane
        self._gate = gate
        self._counters = counters
        self._readiness = readiness

    async def live(self, _request: Any, _context: Context) -> Any:
        """Say that the process answers."""
        return ServerLiveResponse(live=True)

    async def ready(self, _request: Any, _context: Context) -> Any:
        """Say whether traffic may come."""
        return ServerReadyResponse(ready=self._readiness.ready)

    async def server(self, _request: Any, context: Context) -> Any:
        """Describe the server."""
        self._caller(context)
        return ServerMetadataResponse(name="hythe", version=VERSION, extensions=EXTENSIONS)

    async def model_ready(self, request: Any, context: Context) -> Any:
        """Say whether a model, or one version of it, would answer now."""
        endpoint, version = self._find(request, self._caller(context))
        return ModelReadyResponse(ready=version.session.ready if request.version else endpoint.ready)

    async def metadata(self, request: Any, context: Context) -> Any:
        """Describe a model's inputs and outputs; shapes have the row axis first, as -1."""
        endpoint, version = self._find(request, self._caller(context))
        schema = version.spec.schema
        return ModelMetadataResponse(
            name=endpoint.name,
            versions=list(endpoint.versions),
            platform=_platform(version),
            inputs=[_tensor(item, [-1, *_row_shape(item)]) for item in schema.inputs],
            outputs=[_tensor(item, [-1, *item.shape]) for item in schema.outputs],
            properties=dict(_classes(schema.outputs)),
        )

    async def config(self, request: Any, context: Context) -> Any:
        """Describe a model as Triton's configuration does; dimensions leave out the row axis."""
        endpoint, version = self._find(request, self._caller(context))
        schema = version.spec.schema
        config = {
            "name": endpoint.name,
            "platform": _platform(version),
            "backend": "hythe",
            "max_batch_size": endpoint.limits.rows,
            "input": [_configured(item, _row_shape(item)) | _optional(item) for item in schema.inputs],
            "output": [_configured(item, item.shape) for item in schema.outputs],
        }
        return ModelConfigResponse(config=config)

    async def index(self, request: Any, context: Context) -> Any:
        """List every version of every model that the caller may use."""
        caller = self._caller(context)
        models = [
            {"name": endpoint.name, "version": number, "state": "READY" if ready else "UNAVAILABLE"}
            for endpoint in _visible(self._plane.endpoints.values(), caller)
            for number, version in endpoint.versions.items()
            if (ready := version.session.ready) or not request.ready
        ]
        return RepositoryIndexResponse(models=models)

    async def statistics(self, request: Any, context: Context) -> Any:
        """Give the counts of one model, or of all, over every process of the server."""
        caller = self._caller(context)
        if request.name:
            endpoint, version = self._find(request, caller)
            numbers = [version.spec.version] if request.version else endpoint.versions
            wanted = [(endpoint.name, number) for number in numbers]
        else:
            endpoints = _visible(self._plane.endpoints.values(), caller)
            wanted = [(endpoint.name, number) for endpoint in endpoints for number in endpoint.versions]
        series = self._counters.read()
        return ModelStatisticsResponse(model_stats=[counted(series, *pair) for pair in wanted])

    def _caller(self, context: Context) -> Caller:
        return caller_of(self._gate, context)

    def _find(self, request: Any, caller: Caller) -> tuple[Endpoint, LiveVersion]:
        """Give the endpoint, and the version asked for or else that of its first arm."""
        caller.check(request.name, PREDICT)
        try:
            endpoint = self._plane.endpoint(request.name)
        except NotFound as err:  # the words that clients of Triton look for
            raise NotFound(f"Request for unknown model: {err}") from None
        return endpoint, endpoint.version(request.version or endpoint.plan.arms[0].version)


def _visible(endpoints: Iterable[Endpoint], caller: Caller) -> Iterator[Endpoint]:
    for endpoint in endpoints:
        with contextlib.suppress(Denied):
            caller.check(endpoint.name, PREDICT)
            yield endpoint


def _platform(version: LiveVersion) -> str:
    return "hythe_onnx" if isinstance(version.spec.files, OnnxFiles) else "hythe_native"


def _row_shape(item: Column | Tensor) -> Sequence[int]:
    return (1,) if isinstance(item, Column) else item.shape


def _tensor(item: Column | Tensor | Output, shape: Sequence[int]) -> dict[str, Any]:
    return {"name": item.name, "datatype": datatype(item), "shape": shape}


def _configured(item: Column | Tensor | Output, dims: Sequence[int]) -> dict[str, Any]:
    word = datatype(item)
    return {
        "name": item.name,
        "data_type": "TYPE_STRING" if word == "BYTES" else f"TYPE_{word}",
        "dims": list(dims),
    }


def _optional(item: Column | Tensor) -> dict[str, bool]:
    return {"optional": isinstance(item, Column) and item.nullable}


def _classes(outputs: Sequence[Output]) -> Iterator[tuple[str, str]]:
    """Name the classes of scores, as JSON: the last axis is in this order."""
    for output in outputs:
        if output.classes is not None:
            yield f"{output.name}.classes", msgspec.json.encode(output.classes).decode()
