"""The calls that both clients make, as values: what to send, and how to read what comes back."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from hythe.base.clock import SystemClock
from hythe.base.errors import Corrupt, Invalid
from hythe.base.version import VERSION
from hythe.client.feedback import Feedback, feedback_body
from hythe.client.retry import Patience
from hythe.client.rows import JSON, Rows, body_of
from hythe.client.tries import Call, Desk

T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8080"
_READY_OR_NOT, _TAKEN = frozenset({200, 503}), frozenset({202})


def base_url(url: str | None) -> str:
    """Settle the server's address: as given, else HYTHE_URL, else this machine's port 8080.

    >>> base_url("http://models.example:8080/")
    'http://models.example:8080'

    Raises:
        Invalid: when it is no HTTP address.

    """
    found = (url or os.environ.get("HYTHE_URL") or DEFAULT_URL).rstrip("/")
    parts = urlsplit(found)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise Invalid(f"{found!r} is no address of a server; write http://HOST:PORT")
    return found


def settle_key(key: str | None) -> str:
    """Settle the key: as given, else HYTHE_API_KEY, else none ("")."""
    found = os.environ.get("HYTHE_API_KEY", "") if key is None else key
    if not found.isascii() or any(char.isspace() for char in found):
        raise Invalid(
            "the key has spaces or other letters than a key has; paste it as `hythe key create` showed it"
        )
    return found


def desk(url: str, key: str, patience: Patience) -> Desk:
    """Make what the calls of one client share."""
    return Desk(url=url, patience=patience, clock=SystemClock(), random=random.random, had_key=bool(key))


def common_headers(key: str) -> dict[str, str]:
    """Give the headers of every request."""
    headers = {"user-agent": f"hythe/{VERSION}", "accept": JSON}
    return headers | {"authorization": f"Bearer {key}"} if key else headers


def predict(endpoint: str, rows: Rows, headers: Mapping[str, str]) -> Call:
    """Ask for the answers to rows: a prediction changes nothing, so it may be repeated."""
    body = body_of(rows)
    return Call(
        method="POST",
        path=f"/predict/{quote(endpoint, safe='')}",
        body=body.content,
        headers={"content-type": body.media, **headers},
    )


def feedback(endpoint: str, data: Feedback, headers: Mapping[str, str]) -> Call:
    """Tell what became of predictions: told twice it counts once, so it may be repeated."""
    body = feedback_body(data)
    return Call(
        method="POST",
        path=f"/feedback/{quote(endpoint, safe='')}",
        body=body.content,
        headers={"content-type": body.media, **headers},
        accept=_TAKEN,
    )


def get(path: str) -> Call:
    """Ask for a document."""
    return Call(method="GET", path=path)


def ready() -> Call:
    """Ask whether traffic may come: 503 is an answer here."""
    return Call(method="GET", path="/health/ready", accept=_READY_OR_NOT)


def metadata(endpoint: str) -> Call:
    """Ask what an endpoint takes and gives."""
    return get(f"/v2/models/{quote(endpoint, safe='')}")


def read(body: bytes, kind: type[T]) -> T:
    """Read a reply.

    Raises:
        Corrupt: when it is not what a Hythe server answers.

    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise Corrupt(f"the reply cannot be read: {err}; is this a Hythe server?") from err


def document(body: bytes) -> dict[str, Any]:
    """Read a reply that is some JSON object."""
    return read(body, dict[str, Any])
