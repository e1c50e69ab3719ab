"""What went wrong, as one of Hythe's errors: the word code picks the class, the message is the server's."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hythe.base import errors
from hythe.base.errors import HytheError, Internal, Invalid, Unavailable

_BY_STATUS: dict[int, type[HytheError]] = {
    400: errors.Malformed,
    401: errors.Unauthenticated,
    403: errors.Denied,
    404: errors.NotFound,
    405: errors.Unsupported,
    409: errors.Conflict,
    413: errors.TooLarge,
    415: errors.Unsupported,
    422: errors.Invalid,
    429: errors.Busy,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.TimedOut,
}
_MOST_WORDS = 300


class _Said(msgspec.Struct):
    error: str
    code: str = ""


def _family(kind: type[HytheError]) -> Iterator[type[HytheError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


_BY_CODE = {kind.code: kind for kind in _family(HytheError) if kind.__module__ == errors.__name__}


def fault(
    status: int, body: bytes, retry_after_s: float | None = None, *, had_key: bool = True
) -> HytheError:
    """Make the error that a reply stands for.

    >>> fault(404, b'{"error": "there is no endpoint x; there are: churn", "code": "not_found"}')
    NotFound('there is no endpoint x; there are: churn')
    >>> fault(502, b"<h1>Bad gateway</h1>")
    Unavailable('the server answered 502: <h1>Bad gateway</h1>')
    """
    said = _read(status, body)
    kind = _BY_CODE.get(said.code) or _BY_STATUS.get(status) or _of_class(status)
    if kind is errors.Busy:
        return errors.Busy(said.error, 1.0 if retry_after_s is None else retry_after_s)
    if kind is errors.Unauthenticated and not had_key:
        return kind(f"{said.error}; no key was sent: give key=… or set HYTHE_API_KEY")
    return kind(said.error)


def _read(status: int, body: bytes) -> _Said:
    try:
        return msgspec.json.decode(body, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        words = body[:_MOST_WORDS].decode(errors="replace").strip() or "nothing"
        return _Said(f"the server answered {status}: {words}")


def _of_class(status: int) -> type[HytheError]:
    if status < 400:  # noqa: PLR2004 - HTTP's border: neither an answer nor an error, such as a redirect
        return Unavailable
    return Invalid if status < 500 else Internal  # noqa: PLR2004 - HTTP's border of whose fault it is
