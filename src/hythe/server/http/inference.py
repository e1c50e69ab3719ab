"""The Open Inference Protocol v2 over HTTP, with tensors in JSON or in bytes; a model is an endpoint.

Source: github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md, and for bytes
github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hythe.base.errors import Invalid, Unsupported
from hythe.base.version import VERSION
from hythe.bundle.schema import Column, Schema
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.spec import OnnxFiles
from hythe.dataplane.ticket import Prediction
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.documents import malformed
from hythe.server.http.asking import predict
from hythe.server.http.binary import HEADER, raw_input, split, take
from hythe.server.http.messages import Reply, compressed, json_reply
from hythe.server.http.outputs import Wanted, check_wanted, write_outputs
from hythe.server.http.request import Request
from hythe.server.http.router import Route
from hythe.server.http.state import State
from hythe.server.http.tensors import Flat, InputTensor, datatype, read_inputs


class WantedOutput(msgspec.Struct):
    """One output that a request asks for."""

    name: str
    parameters: dict[str, Any] = {}


class InferRequest(msgspec.Struct):
    """The body of an inference request; fields that are not known are passed over, as the protocol says."""

    inputs: list[InputTensor]
    id: str = ""
    parameters: dict[str, Any] = {}
    outputs: list[WantedOutput] | None = None


_DECODE = msgspec.json.Decoder(InferRequest).decode
_DOOR = "open inference"
_EXTENSIONS = ["binary_tensor_data"]
_ALL_BINARY = "binary_data_output"
_NOT_SERVED = {"classification", "shared_memory_region"}
_BYTES = ("content-type", "application/octet-stream")


class InferenceDoor:
    """Metadata, readiness and inference for KServe's and Triton's clients."""

    def __init__(self, plane: DataPlane, state: State) -> None:
        self._plane = plane
        self._state = state

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", "/v2", self.server)
        yield Route("GET", "/v2/health/live", self.live, open=True)
        yield Route("GET", "/v2/health/ready", self.ready, open=True)
        yield Route("GET", "/v2/models", self.models)
        yield Route("POST", "/v2/repository/index", self.index)
        for prefix in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            yield Route("GET", prefix, self.metadata)
            yield Route("GET", f"{prefix}/ready", self.model_ready)
            yield Route("POST", f"{prefix}/infer", self.infer)

    async def server(self, _request: Request) -> Reply:
        """Describe the server."""
        return json_reply({"name": "hythe", "version": VERSION, "extensions": _EXTENSIONS})

    async def live(self, _request: Request) -> Reply:
        """Say that the process answers."""
        return json_reply({"live": True})

    async def ready(self, _request: Request) -> Reply:
        """Say whether traffic may come."""
        ready = self._plane.ready and not self._state.draining
        return json_reply({"ready": ready}, 200 if ready else 503)

    async def metadata(self, _request: Request, model: str, version: str | None = None) -> Reply:
        """Describe a model's inputs and outputs."""
        return json_reply(describe(self._plane.endpoint(model), version))

    async def model_ready(self, _request: Request, model: str, version: str | None = None) -> Reply:
        """Say whether a model would answer now."""
        endpoint = self._plane.endpoint(model)
        ready = endpoint.ready if version is None else endpoint.version(version).session.ready
        return json_reply({"name": model, "ready": ready}, 200 if ready else 503)

    async def models(self, _request: Request) -> Reply:
        """Name the models."""
        return json_reply({"models": list(self._plane.endpoints)})

    async def index(self, request: Request) -> Reply:
        """List the versions of all models, as Triton lists its repository."""
        await request.body()
        return json_reply(
            [
                {"name": name, "version": number, "state": _state(live.session.ready), "reason": ""}
                for name, endpoint in self._plane.endpoints.items()
                for number, live in endpoint.versions.items()
            ]
        )

    async def infer(self, request: Request, model: str, version: str | None = None) -> Reply:
        """Answer the rows in the input tensors."""
        asked = InferRequest([])

        async def read(rows: RowReader) -> Batch:
            nonlocal asked
            asked, given = _read(await request.content(), request.headers.get(HEADER), rows.schema)
            outputs = [output.name for output in rows.schema.outputs]
            check_wanted(_wanted(asked, outputs), outputs)
            return read_inputs(asked.inputs, rows, given)

        prediction = await predict(self._plane, request, model, read, door=_DOOR, version=version)
        return await compressed(_reply(prediction, asked), request)


def describe(endpoint: Endpoint, version: str | None) -> dict[str, Any]:
    """Make the protocol's model metadata; shapes have the row axis first, as -1.

    Raises:
        NotFound: when the endpoint does not serve `version`.

    """
    number = version or endpoint.plan.arms[0].version
    spec = endpoint.version(number).spec
    inputs = [
        {
            "name": item.name,
            "datatype": datatype(item),
            "shape": [-1, 1] if isinstance(item, Column) else [-1, *item.shape],
        }
        for item in spec.schema.inputs
    ]
    outputs = []
    for output in spec.schema.outputs:
        document: dict[str, Any] = {
            "name": output.name,
            "datatype": datatype(output),
            "shape": [-1, *output.shape],
        }
        if output.classes is not None:
            document["parameters"] = {"classes": output.classes}
        outputs.append(document)
    platform = "hythe_onnx" if isinstance(spec.files, OnnxFiles) else "hythe_native"
    return {
        "name": endpoint.name,
        "versions": list(endpoint.versions),
        "platform": platform,
        "inputs": inputs,
        "outputs": outputs,
    }


def _state(ready: bool) -> str:
    return "READY" if ready else "UNAVAILABLE"


def _read(body: bytes, header: str | None, schema: Schema) -> tuple[InferRequest, dict[str, Flat]]:
    """Read a request, and the values of the inputs that came as bytes."""
    document, tail = split(body, header)
    if header is not None and not document:
        tensor, flat = raw_input(body, schema)
        return InferRequest([tensor], parameters={_ALL_BINARY: True}), {tensor.name: flat}
    try:
        asked = _DECODE(document)
    except msgspec.ValidationError as err:
        raise Invalid(f"the body is no inference request: {err}") from err
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise malformed(err) from err
    return asked, take(asked.inputs, tail)


def _wanted(asked: InferRequest, answers: Iterable[str]) -> list[Wanted]:
    """Tell which outputs go back, and which of them as bytes."""
    otherwise = asked.parameters.get(_ALL_BINARY) is True
    if not asked.outputs:
        return [Wanted(name, otherwise) for name in answers]
    for output in asked.outputs:
        if unknown := _NOT_SERVED & output.parameters.keys():
            raise Unsupported(f"output {output.name!r} asks for {min(unknown)}; ask for the output itself")
    return [Wanted(o.name, o.parameters.get("binary_data", otherwise) is True) for o in asked.outputs]


def _reply(prediction: Prediction, asked: InferRequest) -> Reply:
    tensors, tail = write_outputs(prediction.answers, _wanted(asked, prediction.answers))
    document = msgspec.json.encode(
        {
            "model_name": prediction.endpoint,
            "model_version": prediction.version.spec.version,
            "id": asked.id or prediction.id,
            "parameters": {"prediction_id": prediction.id, **dict.fromkeys(prediction.marks, True)},
            "outputs": tensors,
        }
    )
    if not tail:
        return Reply(document)
    return Reply(b"".join([document, *tail]), headers=(_BYTES, (HEADER, str(len(document)))))
