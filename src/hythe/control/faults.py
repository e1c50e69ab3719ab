"""Whatever goes wrong, as a reply: the sentences, codes and statuses of every other door."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.exceptions import MethodNotAllowedException as LitestarWrongMethod

from hythe.base.errors import HytheError, Invalid, Malformed, NotFound, TooLarge
from hythe.base.http_errors import STATUS, WrongMedia, WrongMethod, error_document, error_headers, status
from hythe.dataplane.faults import FAULTS

_KINDS = {
    STATUS["not_found"]: NotFound,
    STATUS["too_large"]: TooLarge,
    STATUS["media_type"]: WrongMedia,
    STATUS["malformed"]: Malformed,
}


def reply_with(request: Request[Any, Any, Any], err: Exception) -> Response[dict[str, str]]:
    """Reply with an error; what is the server's own fault is in the log."""
    fault = FAULTS.spoken(_ours(request, err))
    FAULTS.tell_once(fault, request.url.path)
    return Response(error_document(fault), status_code=status(fault), headers=error_headers(fault))


def _ours(request: Request[Any, Any, Any], err: Exception) -> Exception:
    """Say in Hythe's words what Litestar found; anything else stays as it is."""
    if isinstance(err, HytheError) or not isinstance(err, HTTPException):
        return err
    path = request.url.path
    if isinstance(err, ValidationException):
        return Invalid(_found_wrong(err))
    if isinstance(err, LitestarWrongMethod):
        allowed = [word.strip() for word in (err.headers or {}).get("Allow", "").split(",") if word]
        return WrongMethod(f"{path} does not take {request.method}", allowed)
    if err.status_code == STATUS["not_found"]:
        return NotFound(f"there is nothing at {path}; /schema/openapi.json lists what there is")
    kind = _KINDS.get(err.status_code)
    return err if kind is None else kind(f"{err.detail}; /schema/openapi.json says what fits")


def _found_wrong(err: ValidationException) -> str:
    """Put into one sentence what does not fit: `ref: Expected str, got int`."""
    extra = err.extra if isinstance(err.extra, list) else []
    found = [f"{item.get('key', 'the request')}: {item['message']}" for item in extra if "message" in item]
    return f"{'; '.join(found) or err.detail}; /schema/openapi.json says what fits"
