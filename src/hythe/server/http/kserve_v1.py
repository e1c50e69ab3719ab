"""The KServe v1 protocol, which is TensorFlow Serving's: `POST /v1/models/{model}:predict`.

Sources: kserve.github.io/website, "V1 Protocol"; tensorflow.org/tfx/serving/api_rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from hythe.dataplane.plane import DataPlane
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.documents import parse
from hythe.server.http.asking import predict
from hythe.server.http.instances import only, outputs, predictions, read_inputs, read_instances
from hythe.server.http.messages import Reply, compressed, json_reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route

_DOOR = "kserve v1"
_KINDS = ("instances", "inputs")


class KServeV1Door:
    """Rows as `instances`, answered with `predictions`; columns as `inputs`, answered with `outputs`."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", "/", self.alive, open=True)
        yield Route("GET", "/v1/models", self.models)
        for prefix in ("/v1/models/{model}", "/v1/models/{model}/versions/{version}"):
            yield Route("POST", f"{prefix}:predict", self.predict)
            yield Route("GET", prefix, self.model)

    async def alive(self, _request: Request) -> Reply:
        """Say that the process answers."""
        return json_reply({"status": "alive"})

    async def models(self, _request: Request) -> Reply:
        """Name the models."""
        return json_reply({"models": list(self._plane.endpoints)})

    async def model(self, _request: Request, model: str, version: str | None = None) -> Reply:
        """Say whether a model, or one of its versions, would answer now."""
        endpoint = self._plane.endpoint(model)
        versions = endpoint.versions if version is None else {version: endpoint.version(version)}
        ready = endpoint.ready if version is None else endpoint.version(version).session.ready
        states = [
            {"version": number, "state": _state(live.session.ready)} for number, live in versions.items()
        ]
        document = {"name": model, "ready": ready, "model_version_status": states}
        return json_reply(document, 200 if ready else 503)

    async def predict(self, request: Request, model: str, version: str | None = None) -> Reply:
        """Answer rows or columns in the form in which they came."""
        kind = ""

        async def read(rows: RowReader) -> Batch:
            nonlocal kind
            kind, given = only(parse(await request.json_body()), _KINDS)
            return read_instances(given, rows) if kind == "instances" else read_inputs(given, rows)

        prediction = await predict(self._plane, request, model, read, door=_DOOR, version=version)
        if kind == "instances":
            document = {"predictions": predictions(prediction)}
        else:
            document = {"outputs": outputs(prediction)}
        return await compressed(json_reply(document, marks=prediction.marks), request)


def _state(ready: bool) -> str:
    return "AVAILABLE" if ready else "LOADING"
