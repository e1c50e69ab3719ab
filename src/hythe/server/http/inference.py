"""The Open Inference Protocol v2 over HTTP with JSON tensors; a model is an endpoint.

Source: github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hythe.base.errors import Invalid, Malformed, Unsupported
from hythe.base.version import VERSION
from hythe.bundle.schema import Column
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.plane import DataPlane, Prediction
from hythe.dataplane.spec import OnnxFiles
from hythe.runtime.batch import RowReader
from hythe.server.http.messages import Reply, Request, json_reply
from hythe.server.http.router import Route
from hythe.server.http.state import State
from hythe.server.http.tensors import InputTensor, datatype, read_inputs, write_outputs


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


class InferenceDoor:
    """Metadata, readiness and inference for KServe's and Triton's clients."""

    def __init__(self, plane: DataPlane, state: State) -> None:
        self._plane = plane
        self._state = state

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", "/v2", self.server)
        yield Route("GET", "/v2/health/live", self.live)
        yield Route("GET", "/v2/health/ready", self.ready)
        for prefix in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            yield Route("GET", prefix, self.metadata)
            yield Route("GET", f"{prefix}/ready", self.model_ready)
            yield Route("POST", f"{prefix}/infer", self.infer)

    async def server(self, _request: Request) -> Reply:
        """Describe the server."""
        return json_reply({"name": "hythe", "version": VERSION, "extensions": []})

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

    async def infer(self, request: Request, model: str, version: str | None = None) -> Reply:
        """Answer the rows in the input tensors."""
        asked: InferRequest | None = None

        async def read(rows: RowReader) -> Any:
            nonlocal asked
            asked = await _read(request)
            return read_inputs(asked.inputs, self._plane.endpoint(model).spec.schema, rows)

        prediction = await self._plane.predict(model, read, version=version)
        return json_reply(_document(prediction, asked))


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


async def _read(request: Request) -> InferRequest:
    if request.headers.get("inference-header-content-length") is not None:
        raise Unsupported("the binary tensor extension is not served; send the tensors as JSON")
    body = await request.json_body()
    try:
        return _DECODE(body)
    except msgspec.ValidationError as err:
        raise Invalid(f"the body is no inference request: {err}") from err
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise Malformed(f"the body cannot be read as JSON: {err}; send JSON in UTF-8") from err


def _document(prediction: Prediction, asked: InferRequest | None) -> dict[str, Any]:
    wanted = None if asked is None or not asked.outputs else [output.name for output in asked.outputs]
    return {
        "model_name": prediction.endpoint,
        "model_version": prediction.version.spec.version,
        "id": (asked.id if asked is not None else "") or prediction.id,
        "parameters": {"prediction_id": prediction.id},
        "outputs": write_outputs(prediction.answers, wanted),
    }
