"""`/openapi.json`: OpenAPI 3.1, made from the endpoints' own schemas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hythe.base.version import VERSION
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.spec import EndpointSpec
from hythe.server.http.messages import Reply
from hythe.server.http.openapi_doors import infer, invocations, predict, predict_v1
from hythe.server.http.openapi_feedback import feedback
from hythe.server.http.openapi_parts import ERROR, Document, get
from hythe.server.http.request import Request
from hythe.server.http.router import Route

_TEXT = "text/plain"


class OpenApiDoor:
    """Describes the API; the document is made anew when the endpoints have changed."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._specs: list[EndpointSpec] = []
        self._written = b""

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", "/openapi.json", self.document)

    async def document(self, _request: Request) -> Reply:
        """Write the document."""
        specs = [endpoint.spec for endpoint in self._plane.endpoints.values()]
        if not self._written or list(map(id, specs)) != list(map(id, self._specs)):
            self._specs, self._written = specs, msgspec.json.encode(describe(specs))
        return Reply(self._written)


def describe(specs: Sequence[EndpointSpec]) -> Document:
    """Make the OpenAPI document of some endpoints."""
    paths: Document = {}
    for spec in specs:
        paths |= _endpoint(spec)
    paths |= _server()
    if specs:
        paths["/invocations"] = {"post": invocations(specs)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hythe", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
        "security": [{}, {"bearer": []}, {"key": []}],
    }


def _endpoint(spec: EndpointSpec) -> Document:
    name = spec.name
    return {
        f"/predict/{name}": {"post": predict(spec)},
        f"/v2/models/{name}": {"get": get("inference", f"Inputs and outputs of {name}")},
        f"/v2/models/{name}/ready": {"get": get("inference", f"Is {name} ready", ready=True)},
        f"/v2/models/{name}/infer": {"post": infer(spec)},
        f"/v1/models/{name}": {"get": get("v1", f"Is {name} ready", ready=True)},
        f"/v1/models/{name}:predict": {"post": predict_v1(spec)},
        f"/feedback/{name}": {"post": feedback(spec)},
    }


def _server() -> Document:
    paths = {
        "/v2": get("inference", "Name, version and extensions of the server"),
        "/v2/models": get("inference", "The models"),
        "/v2/health/live": get("health", "Live", key=False),
        "/v2/health/ready": get("health", "Ready", ready=True, key=False),
        "/": get("v1", "Alive", key=False),
        "/v1/models": get("v1", "The models"),
        "/ping": get("invocations", "Ready", kind=_TEXT, ready=True, key=False),
        "/health": get("invocations", "Ready", kind=_TEXT, ready=True, key=False),
        "/version": get("invocations", "The server's version", kind=_TEXT, key=False),
        "/health/live": get("health", "Live", key=False),
        "/health/ready": get("health", "Ready, and what each endpoint says", ready=True, key=False),
        "/metrics": get("operation", "Metrics in Prometheus' text format", kind=_TEXT),
        "/openapi.json": get("operation", "This document"),
    }
    return {path: {"get": operation} for path, operation in paths.items()}
