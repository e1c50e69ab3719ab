"""Vertex AI's container protocol: routes and port come from the `AIP_*` environment variables.

Source: cloud.google.com/vertex-ai/docs, "Custom container requirements for prediction".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hythe.base.errors import Invalid
from hythe.dataplane.plane import DataPlane
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.documents import parse
from hythe.server.http.asking import predict
from hythe.server.http.instances import only, predictions, read_instances
from hythe.server.http.messages import Reply, compressed, json_reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route
from hythe.server.http.sagemaker import target
from hythe.server.http.state import State

_DOOR = "vertex"
_MOST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class VertexRoutes:
    """Where Vertex AI asks: the paths of health checks and predictions, and the deployed model's id."""

    health: str
    predict: str
    deployed_model_id: str = ""

    def __post_init__(self) -> None:
        for name, path in (("AIP_HEALTH_ROUTE", self.health), ("AIP_PREDICT_ROUTE", self.predict)):
            if not path.startswith("/") or {"{", "}", "?", "#"} & set(path):
                raise Invalid(f"{name} is {path!r}; give a path such as /predict")


def vertex_routes(environ: Mapping[str, str]) -> VertexRoutes | None:
    """Read the routes from the environment; None where Vertex AI has set none.

    >>> vertex_routes({"AIP_HEALTH_ROUTE": "/health", "AIP_PREDICT_ROUTE": "/predict"})
    VertexRoutes(health='/health', predict='/predict', deployed_model_id='')
    """
    health, path = environ.get("AIP_HEALTH_ROUTE"), environ.get("AIP_PREDICT_ROUTE")
    if not health and not path:
        return None
    return VertexRoutes(
        health=health or "/health",
        predict=path or "/predict",
        deployed_model_id=environ.get("AIP_DEPLOYED_MODEL_ID", ""),
    )


def vertex_port(environ: Mapping[str, str]) -> int | None:
    """Read the port that Vertex AI wants the server to listen on; None where it has set none.

    Raises:
        Invalid: when it is no port.

    >>> vertex_port({"AIP_HTTP_PORT": "8080"})
    8080
    """
    text = environ.get("AIP_HTTP_PORT")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MOST_PORT):
        raise Invalid(f"AIP_HTTP_PORT is {text!r}; give a port from 1 to {_MOST_PORT}")
    return int(text)


def vertex_notice(environ: Mapping[str, str]) -> str:
    """Say that files which Vertex AI has laid ready in Cloud Storage are not served; "" where there are none.

    >>> vertex_notice({"AIP_STORAGE_URI": "gs://caip-tenant/model/"}).partition(";")[0]
    'AIP_STORAGE_URI is gs://caip-tenant/model/, which is not read'
    >>> vertex_notice({"AIP_STORAGE_URI": ""})
    ''
    """
    place = environ.get("AIP_STORAGE_URI")
    if not place:
        return ""
    return (
        f"AIP_STORAGE_URI is {place}, which is not read; what is served comes from the home, so put the "
        "version into the image"
    )


class VertexDoor:
    """Answers `{"instances": […], "parameters": {…}}` where Vertex AI asks.

    Several endpoints are told apart by `parameters.endpoint`.
    """

    def __init__(self, plane: DataPlane, state: State, routes: VertexRoutes) -> None:
        self._plane = plane
        self._state = state
        self._routes = routes

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", self._routes.health, self.health, open=True)
        yield Route("POST", self._routes.predict, self.predict)

    async def health(self, _request: Request) -> Reply:
        """Say whether traffic may come."""
        ready = self._plane.ready and not self._state.draining
        return json_reply({"ready": ready}, 200 if ready else 503)

    async def predict(self, request: Request) -> Reply:
        """Answer the instances."""
        document = parse(await request.json_body())

        async def read(rows: RowReader) -> Batch:
            return read_instances(only(document, ("instances",))[1], rows)

        name = target(_wanted(document), None, self._plane.endpoints)
        prediction = await predict(self._plane, request, name, read, door=_DOOR)
        answer: dict[str, Any] = {"predictions": predictions(prediction)}
        if self._routes.deployed_model_id:
            answer["deployedModelId"] = self._routes.deployed_model_id
        return await compressed(json_reply(answer, marks=prediction.marks), request)


def _wanted(document: Any) -> str | None:
    parameters = document.get("parameters") if isinstance(document, dict) else None
    name = parameters.get("endpoint") if isinstance(parameters, dict) else None
    return name if isinstance(name, str) else None
