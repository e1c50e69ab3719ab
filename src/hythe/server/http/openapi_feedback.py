"""`POST /feedback/{endpoint}` as an operation of the API's description."""

from __future__ import annotations

from typing import Any

from hythe.dataplane.spec import EndpointSpec
from hythe.monitor.outcomes.expected import Expected
from hythe.server.http.feedback_bodies import LINES_TYPES
from hythe.server.http.openapi_parts import Document, content, post_told, tables

_TYPES: dict[str, Document] = {
    "text": {"type": "string"},
    "truth": {"type": "boolean"},
    "whole": {"type": "integer"},
    "number": {"type": "number"},
    "any": {"type": ["string", "number", "boolean"]},
}
_EXAMPLES: dict[str, Any] = {"text": "yes", "truth": True, "whole": 1, "number": 12.5, "any": "yes"}
_ID = "017f22e2-79b0-7000-8000-000000000000"


def feedback(spec: EndpointSpec) -> Document:
    """Describe it for one endpoint, with the outcomes that its first version knows."""
    expected = Expected.of(spec.schema.outputs)
    item = {
        "type": "object",
        "required": ["prediction_id"],
        "additionalProperties": False,
        "properties": {
            "prediction_id": {"type": "string"},
            "row": {"type": "integer", "minimum": 0},
            "outcome": _outcome(expected),
            "values": {"type": "object", "additionalProperties": {"type": ["number", "boolean", "null"]}},
        },
    }
    body = {
        "type": "object",
        "required": ["feedback"],
        "additionalProperties": False,
        "properties": {"feedback": {"type": "array", "minItems": 1, "items": item}},
    }
    reply = {"type": "object", "required": ["taken"], "properties": {"taken": {"type": "integer"}}}
    lines = {kind: {"schema": {"type": "string"}} for kind in sorted(LINES_TYPES)}
    asked = content(body, example={"feedback": [_example(expected)]}) | lines | tables()
    summary = f"Tell what became of predictions by {spec.name}"
    return post_told("feedback", f"feedback_{spec.name}", summary, asked, content(reply))


def _outcome(expected: Expected) -> Document:
    one = _TYPES[expected.kind] if expected.classes is None else {"enum": list(expected.classes)}
    if expected.size is None:
        return one
    bounds = {"minItems": expected.size, "maxItems": expected.size} if expected.size >= 0 else {}
    return {"type": "array", "items": one, **bounds}


def _example(expected: Expected) -> Document:
    one = _EXAMPLES[expected.kind] if expected.classes is None else expected.classes[-1]
    many = [one] * max(expected.size or 1, 1)
    return {"prediction_id": _ID, "row": 0, "outcome": one if expected.size is None else many}
