"""`/openapi.json`: OpenAPI 3.1, made from the endpoints' own schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hythe.base.version import VERSION
from hythe.bundle.schema import Column, Output, Schema, Tensor
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.spec import EndpointSpec
from hythe.runtime.answers import class_name
from hythe.runtime.cells import integer_limits, is_integer
from hythe.server.http.messages import Reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route

Document = dict[str, Any]
_ERROR = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {"error": {"type": "string"}, "code": {"type": "string"}, "id": {"type": "string"}},
}
_ERRORS = {
    400: "The body is no JSON.",
    413: "The body has too many bytes or rows.",
    415: "The body is not JSON.",
    422: "A row does not fit, or the model refuses it; the message says which and why.",
    429: "Too many requests wait.",
    500: "The server made a mistake.",
    503: "The model cannot answer now.",
}


class OpenApiDoor:
    """Describes the API; the document is made once."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._written = b""

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", "/openapi.json", self.document)

    async def document(self, _request: Request) -> Reply:
        """Write the document."""
        if not self._written:
            specs = [endpoint.spec for endpoint in self._plane.endpoints.values()]
            self._written = msgspec.json.encode(describe(specs))
        return Reply(self._written)


def describe(specs: Iterable[EndpointSpec]) -> Document:
    """Make the OpenAPI document of some endpoints."""
    paths: Document = {}
    for spec in specs:
        paths[f"/predict/{spec.name}"] = {"post": _predict(spec)}
        paths[f"/v2/models/{spec.name}"] = {"get": _get("inference", f"Metadata of {spec.name}", "object")}
        paths[f"/v2/models/{spec.name}/ready"] = {"get": _get("inference", f"Is {spec.name} ready", "object")}
        paths[f"/v2/models/{spec.name}/infer"] = {"post": _infer(spec)}
    paths["/v2"] = {"get": _get("inference", "Metadata of the server", "object")}
    for health in ("/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"):
        paths[health] = {"get": _get("health", "Live or ready", "object")}
    paths["/metrics"] = {
        "get": _get("operation", "Metrics in Prometheus' text format", "string", "text/plain")
    }
    paths["/openapi.json"] = {"get": _get("operation", "This document", "object")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hythe", "version": VERSION},
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR}},
    }


def row_schema(schema: Schema) -> Document:
    """Describe one row as JSON Schema."""
    required = [item.name for item in schema.inputs if not (isinstance(item, Column) and item.nullable)]
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": {item.name: _input(item) for item in schema.inputs},
    }


def example_row(spec: EndpointSpec) -> Mapping[str, Any]:
    """Give the endpoint's example, or make a row that fits the schema."""
    if spec.example is not None:
        return spec.example
    return {item.name: _example(item) for item in spec.schema.inputs}


def _predict(spec: EndpointSpec) -> Document:
    row = row_schema(spec.schema)
    cells = {name: {"type": "array", "items": cell} for name, cell in row["properties"].items()}
    columns = {**row, "properties": cells}
    body = {
        "oneOf": [
            _only("rows", {"type": "array", "minItems": 1, "items": row}),
            _only("columns", columns),
            row,
        ]
    }
    answer = {"type": "object", "properties": {o.name: _output(o) for o in spec.schema.outputs}}
    reply = {
        "type": "object",
        "required": ["predictions", "version", "prediction_id"],
        "properties": {
            "predictions": {"type": "array", "items": answer},
            "version": {"type": "string"},
            "prediction_id": {"type": "string", "format": "uuid"},
        },
    }
    return {
        "tags": ["predict"],
        "operationId": f"predict_{spec.name}",
        "summary": f"Answer rows with {spec.name}",
        "requestBody": _content(body, example={"rows": [example_row(spec)]}, required=True),
        "responses": {
            "200": {"description": "One answer for each row.", **_content(reply)},
            **_error_replies(),
        },
    }


def _infer(spec: EndpointSpec) -> Document:
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "datatype": {"type": "string"},
            "data": {"type": "array"},
        },
    }
    body = _only("inputs", {"type": "array", "minItems": 1, "items": tensor}) | {"additionalProperties": True}
    return {
        "tags": ["inference"],
        "operationId": f"infer_{spec.name}",
        "summary": f"Answer tensors with {spec.name} (Open Inference Protocol v2)",
        "requestBody": _content(body, required=True),
        "responses": {
            "200": {"description": "The output tensors.", **_content({"type": "object"})},
            **_error_replies(),
        },
    }


def _get(tag: str, summary: str, kind: str, media: str = "application/json") -> Document:
    content = {"content": {media: {"schema": {"type": kind}}}}
    return {"tags": [tag], "summary": summary, "responses": {"200": {"description": summary, **content}}}


def _content(schema: Document, *, example: Any = None, required: bool = False) -> Document:
    media: Document = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {"content": {"application/json": media}, **({"required": True} if required else {})}


def _error_replies() -> Document:
    reference = _content({"$ref": "#/components/schemas/Error"})
    return {str(status): {"description": words, **reference} for status, words in _ERRORS.items()}


def _only(key: str, schema: Document) -> Document:
    return {"type": "object", "required": [key], "additionalProperties": False, "properties": {key: schema}}


def _input(item: Column | Tensor) -> Document:
    if isinstance(item, Tensor):
        return _nested({"type": "string" if item.dtype == "str" else "number"}, item.shape)
    cell = _cell(item)
    if not item.nullable:
        return cell
    if "enum" in cell:
        return {"enum": [*cell["enum"], None]}
    return {**cell, "type": [cell["type"], "null"]}


def _cell(column: Column) -> Document:
    if column.categories is not None:
        return {"enum": list(column.categories)}
    if is_integer(column):
        low, high = integer_limits(column)
        return {"type": "integer", "minimum": low, "maximum": high}
    if column.type in {"float32", "float64"}:
        limits = {"minimum": column.minimum, "maximum": column.maximum}
        return {"type": "number", **{word: value for word, value in limits.items() if value is not None}}
    if column.type == "timestamp":
        return {"type": "string", "format": "date-time"}
    return {"type": "boolean" if column.type == "bool" else "string"}


def _nested(cell: Document, shape: tuple[int, ...]) -> Document:
    for length in reversed(shape):
        cell = {"type": "array", "items": cell}
        if length >= 0:
            cell |= {"minItems": length, "maxItems": length}
    return cell


def _output(output: Output) -> Document:
    kind = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}.get(output.dtype[:1], "string")
    if output.classes is not None and len(output.shape) == 1:
        return {"type": "object", "properties": {class_name(c): {"type": kind} for c in output.classes}}
    return _nested({"type": kind}, output.shape)


def _example(item: Column | Tensor) -> Any:
    if isinstance(item, Tensor):
        cell: Any = "" if item.dtype == "str" else 0
        for length in reversed(item.shape):
            cell = [cell] * max(length, 1)
        return cell
    if item.categories:
        return item.categories[0]
    if is_integer(item):
        low, high = integer_limits(item)
        return min(max(0, low), high)
    if item.type in {"float32", "float64"}:
        return item.minimum if item.minimum is not None else item.maximum if item.maximum is not None else 0.5
    if item.type == "timestamp":
        return "2026-01-02T03:04:05Z" if item.zone else "2026-01-02T03:04:05"
    return True if item.type == "bool" else "text"
