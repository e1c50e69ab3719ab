"""An error as every door that speaks HTTP tells it: status, headers, and a sentence with its word code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hythe.base.errors import Busy, CallerError, HytheError, Internal, Unauthenticated, Unavailable

STATUS: Mapping[str, int] = {
    "invalid": 422,
    "malformed": 400,
    "too_large": 413,
    "not_found": 404,
    "conflict": 409,
    "unauthenticated": 401,
    "denied": 403,
    "untrusted": 403,
    "unsupported": 400,
    "method_not_allowed": 405,
    "media_type": 415,
    "cancelled": 499,
    "busy": 429,
    "unavailable": 503,
    "timed_out": 504,
    "corrupt": 500,
    "internal": 500,
}
"""The HTTP status of every word code."""
_LONGEST_SENTENCE = 1000


class WrongMethod(CallerError):
    """The path exists, and does not take this method."""

    code = "method_not_allowed"

    def __init__(self, message: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class WrongMedia(CallerError):
    """The body is of a kind that this door does not read."""

    code = "media_type"


def status(err: HytheError) -> int:
    """Give the HTTP status of an error."""
    return STATUS.get(err.code, STATUS["internal"])


def sentence(err: HytheError) -> str:
    """Give an error's message; of a very long one, which repeats what was sent, the beginning and the end.

    >>> len(sentence(Busy("x" * 5000, 1.0)))
    1003
    """
    text = str(err)
    half = _LONGEST_SENTENCE // 2
    return text if len(text) <= _LONGEST_SENTENCE else f"{text[:half]} … {text[-half:]}"


def error_document(err: HytheError) -> dict[str, str]:
    """Give the body: the message and its word code, and the id under which the log has the rest.

    >>> error_document(Busy("there is no room"))
    {'error': 'there is no room', 'code': 'busy'}
    """
    document = {"error": sentence(err), "code": err.code}
    if isinstance(err, Internal) and err.incident:
        document["id"] = err.incident
    return document


def error_headers(err: HytheError) -> dict[str, str]:
    """Give the headers that say what to do about an error."""
    if isinstance(err, Busy):
        return {"retry-after": str(math.ceil(err.retry_after_s))}
    if isinstance(err, WrongMethod):
        return {"allow": ", ".join(err.allowed)}
    if isinstance(err, Unavailable):
        return {"retry-after": "1"}
    return {"www-authenticate": "Bearer"} if isinstance(err, Unauthenticated) else {}
