"""What operations of the API's description are made of: bodies, replies, errors."""

from __future__ import annotations

from typing import Any

from hythe.server.http.tables import ARROW_FILE, ARROW_STREAM, CSV_TYPE, JSON_TYPE

Document = dict[str, Any]
ERROR: Document = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {"error": {"type": "string"}, "code": {"type": "string"}, "id": {"type": "string"}},
}
"""The schema of every error."""
_LATE = 504
_KEY_ERRORS = {
    401: "There is no key, or one that is not known.",
    403: "The key may not do this.",
    429: "The key's rate or quota is used up, or too many requests wait; `Retry-After` says for how long.",
}
_ERRORS = {
    400: "The body cannot be read, or asks for what is not served.",
    **_KEY_ERRORS,
    404: "There is no such endpoint or version.",
    413: "The body has too many bytes or rows.",
    415: "The body is of a kind, or compressed in a way, that is not read.",
    422: "A row does not fit, or the model refuses it; the message says which and why.",
    500: "The server made a mistake.",
    503: "The model cannot answer now; `Retry-After` says when to ask again.",
    _LATE: "The time that the caller gave was over.",
}
BINARY: Document = {"type": "string", "format": "binary"}
"""The schema of a body that is no JSON."""


def content(schema: Document, *, example: Any = None, kind: str = JSON_TYPE) -> Document:
    """Describe a body of one kind."""
    media: Document = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {kind: media}


def tables() -> Document:
    """Describe the bodies that are tables."""
    return {
        ARROW_STREAM: {"schema": BINARY},
        ARROW_FILE: {"schema": BINARY},
        CSV_TYPE: {"schema": {"type": "string"}},
    }


def post(tag: str, name: str, summary: str, body: Document, reply: Document, *headers: Document) -> Document:
    """Describe an operation that answers rows; `body` and `reply` are the contents by kind."""
    answers = {"200": {"description": "The answers, in the order of the rows.", "content": reply}}
    waits = header("Hythe-Timeout-Ms", "Milliseconds after which an answer is of no use.")
    return {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        "parameters": [waits, *headers],
        "requestBody": {"content": body, "required": True},
        "responses": answers | _errors(_ERRORS),
    }


def post_told(tag: str, name: str, summary: str, body: Document, reply: Document) -> Document:
    """Describe an operation that takes what is told, and answers that it did."""
    errors = {status: words for status, words in _ERRORS.items() if status != _LATE}
    told = {
        413: "The body has too many bytes or items.",
        422: "An item does not fit; the message says which and why, and nothing was taken.",
        503: "There is no room just now; `Retry-After` says when to tell again.",
    }
    return {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        "requestBody": {"content": body, "required": True},
        "responses": {"202": {"description": "How many rows it was taken for.", "content": reply}}
        | _errors(errors | told),
    }


def get(tag: str, summary: str, *, kind: str = JSON_TYPE, ready: bool = False, key: bool = True) -> Document:
    """Describe an operation that only tells; one about readiness says 503 with the same body."""
    told = {"schema": {"type": "object"} if kind == JSON_TYPE else {"type": "string"}}
    reply = {"description": summary, "content": {kind: told}}
    responses = {"200": reply} | ({"503": {**reply, "description": "Not ready."}} if ready else {})
    return {"tags": [tag], "summary": summary, "responses": responses | (_errors(_KEY_ERRORS) if key else {})}


def header(name: str, words: str) -> Document:
    """Describe a header that a request may have."""
    return {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}


def _errors(errors: dict[int, str]) -> Document:
    reference = {"content": content({"$ref": "#/components/schemas/Error"})}
    return {str(status): {"description": words, **reference} for status, words in errors.items()}
