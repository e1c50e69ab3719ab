"""Rows, answers and examples of an endpoint, as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hythe.bundle.schema import Column, Output, Schema, Tensor
from hythe.dataplane.spec import EndpointSpec
from hythe.runtime.answers import class_name
from hythe.runtime.cells import float_limits, integer_limits, is_integer
from hythe.runtime.sample import sample_row

Document = dict[str, Any]
_MAX_FLOAT64 = 1.7976931348623157e308


def row_schema(schema: Schema) -> Document:
    """Describe one row as JSON Schema."""
    required = [item.name for item in schema.inputs if not (isinstance(item, Column) and item.nullable)]
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": {item.name: input_schema(item) for item in schema.inputs},
    }


def example_row(spec: EndpointSpec) -> Mapping[str, Any]:
    """Give the endpoint's example, or make a row that fits the schema."""
    if spec.example is not None:
        return spec.example
    return sample_row(spec.schema)


def answer_schema(schema: Schema) -> Document:
    """Describe the labelled answer to one row."""
    return {
        "type": "object",
        "required": [output.name for output in schema.outputs],
        "properties": {output.name: output_schema(output) for output in schema.outputs},
    }


def input_schema(item: Column | Tensor) -> Document:
    """Describe what one row holds of one input."""
    if isinstance(item, Tensor):
        kinds = {"s": "string", "b": "boolean", "f": "number"}
        return _nested({"type": kinds.get(item.dtype[:1], "integer")}, item.shape)
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
        least, most = float_limits(column)
        return {
            "type": "number",
            "minimum": -_MAX_FLOAT64 if least is None else least,
            "maximum": _MAX_FLOAT64 if most is None else most,
        }
    if column.type == "timestamp":
        return {"type": "string", "format": "date-time"}
    return {"type": "boolean" if column.type == "bool" else "string"}


def _nested(cell: Document, shape: tuple[int, ...]) -> Document:
    for length in reversed(shape):
        cell = {"type": "array", "items": cell}
        if length >= 0:
            cell |= {"minItems": length, "maxItems": length}
    return cell


def output_schema(output: Output) -> Document:
    """Describe what one row gets from one output; a number that is not finite is null."""
    kinds: dict[str, Any] = {
        "b": {"type": "boolean"},
        "i": {"type": "integer"},
        "u": {"type": "integer"},
        "f": {"type": ["number", "null"]},
        "s": {"type": "string"},
    }
    cell = kinds.get(output.dtype[:1], {})
    if output.classes is not None and len(output.shape) == 1:
        return {"type": "object", "properties": {class_name(each): cell for each in output.classes}}
    return _nested(cell, output.shape)
