"""The doors that answer rows, as operations of the API's description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hythe.bundle.schema import Column, Output, Tensor
from hythe.dataplane.spec import EndpointSpec
from hythe.server.http.openapi_parts import BINARY, Document, content, header, post, tables
from hythe.server.http.openapi_rows import answer_schema, example_row, input_schema, output_schema, row_schema
from hythe.server.http.tensors import datatype

_OCTETS = "application/octet-stream"
_ANY_LIST: Document = {"type": "array", "minItems": 1}


def predict(spec: EndpointSpec) -> Document:
    """Describe `POST /predict/{endpoint}`."""
    row = row_schema(spec.schema)
    cells = {name: {**_ANY_LIST, "items": cell} for name, cell in row["properties"].items()}
    body = {
        "oneOf": [
            only("rows", {**_ANY_LIST, "items": row}),
            only("columns", {**row, "properties": cells}),
            row,
        ]
    }
    reply = {
        "type": "object",
        "required": ["predictions", "version", "prediction_id"],
        "properties": {
            "predictions": {"type": "array", "items": answer_schema(spec.schema)},
            "version": {"type": "string"},
            "prediction_id": {"type": "string", "format": "uuid"},
            "degraded": {"type": "boolean"},
            "cached": {"type": "boolean"},
        },
    }
    asked = content(body, example={"rows": [example_row(spec)]}) | tables()
    summary = f"Answer rows with {spec.name}"
    return post("predict", f"predict_{spec.name}", summary, asked, content(reply) | tables())


def infer(spec: EndpointSpec) -> Document:
    """Describe the Open Inference Protocol's `POST /v2/models/{model}/infer`."""
    row = example_row(spec)
    example = {"inputs": [_example_tensor(item, row[item.name]) for item in spec.schema.inputs]}
    tensors = {**_ANY_LIST, "items": {"oneOf": [_tensor(item) for item in spec.schema.inputs]}}
    body = {
        "type": "object",
        "required": ["inputs"],
        "properties": {"inputs": tensors, "id": {"type": "string"}},
    }
    reply = {
        "type": "object",
        "required": ["model_name", "model_version", "id", "outputs"],
        "properties": {"outputs": {"type": "array", "items": _output_tensor(spec.schema.outputs)}},
    }
    octets = {_OCTETS: {"schema": BINARY}}
    return post(
        "inference",
        f"infer_{spec.name}",
        f"Answer tensors with {spec.name} (Open Inference Protocol v2)",
        content(body, example=example) | octets,
        content(reply) | octets,
        header(
            "Inference-Header-Content-Length",
            "How many bytes of the body are JSON, before its tensors' bytes.",
        ),
    )


def predict_v1(spec: EndpointSpec) -> Document:
    """Describe `POST /v1/models/{model}:predict` of KServe v1 and TensorFlow Serving."""
    body = {"oneOf": [_named("instances", _rows([spec])), _named("inputs", {"type": ["object", "array"]})]}
    replies = [_named("predictions", {"type": "array", "items": _bare(spec)}), _named("outputs", {})]
    return post(
        "v1",
        f"predict_v1_{spec.name}",
        f"Answer instances with {spec.name} (KServe v1, TensorFlow Serving)",
        content(body, example={"instances": [example_row(spec)]}),
        content({"oneOf": replies}),
    )


def invocations(specs: Sequence[EndpointSpec]) -> Document:
    """Describe `POST /invocations` of SageMaker with MLflow's bodies."""
    split = {"type": "object", "required": ["data"], "properties": {"data": _ANY_LIST}}
    kinds = {
        "dataframe_split": split,
        "dataframe_records": {**_ANY_LIST, "items": {"type": "object"}},
        "instances": _rows(specs),
        "inputs": {"type": ["object", "array"]},
    }
    body = {"oneOf": [_named(kind, schema) for kind, schema in kinds.items()]}
    reply = _named("predictions", {"type": "array", "items": {"anyOf": [_bare(spec) for spec in specs]}})
    return post(
        "invocations",
        "invocations",
        "Answer rows (SageMaker, MLflow)",
        content(body, example={"instances": [example_row(specs[0])]}) | tables(),
        content(reply) | tables(),
        header("X-Amzn-SageMaker-Target-Model", "The endpoint, where several are served."),
        header("X-Amzn-SageMaker-Custom-Attributes", "`endpoint=NAME`, where several are served."),
    )


def only(key: str, schema: Document) -> Document:
    """Describe an object that holds `key` and nothing else."""
    return {**_named(key, schema), "additionalProperties": False}


def _named(key: str, schema: Document) -> Document:
    return {"type": "object", "required": [key], "properties": {key: schema}}


def _rows(specs: Sequence[EndpointSpec]) -> Document:
    return {
        **_ANY_LIST,
        "items": {"anyOf": [*(row_schema(spec.schema) for spec in specs), {"type": "array"}]},
    }


def _bare(spec: EndpointSpec) -> Document:
    """Describe a row's answer where one output stands alone."""
    outputs = spec.schema.outputs
    return output_schema(outputs[0]) if len(outputs) == 1 else answer_schema(spec.schema)


def _tensor(item: Column | Tensor) -> Document:
    return {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"const": item.name},
            "shape": {**_ANY_LIST, "items": {"type": "integer", "minimum": 0}},
            "datatype": {"const": datatype(item)},
            "data": {"type": "array", "items": input_schema(item) if isinstance(item, Column) else {}},
        },
    }


def _example_tensor(item: Column | Tensor, value: Any) -> Document:
    shape = [1]
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    return {"name": item.name, "shape": shape, "datatype": datatype(item), "data": [value]}


def _output_tensor(outputs: Sequence[Output]) -> Document:
    return {
        "type": "object",
        "required": ["name", "shape", "datatype"],
        "properties": {
            "name": {"enum": [output.name for output in outputs]},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "datatype": {"type": "string"},
            "data": {"type": "array"},
        },
    }
