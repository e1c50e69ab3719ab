"""One HTTP request whose body has arrived, and the way back for its reply."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload
from urllib.parse import unquote

from hythe.base.errors import Invalid
from hythe.base.http_errors import WrongMedia
from hythe.dataplane.admit import Limits
from hythe.dataplane.ask import ANYBODY, Ask, Caller
from hythe.dataplane.ticket import Awaited
from hythe.monitor.records.trace_context import MOST_BYTES
from hythe.server.http.body import Buffer
from hythe.server.http.encodings import BITS, inflate
from hythe.server.http.messages import OFF_LOOP, Headers

_D = TypeVar("_D")
_TIMEOUT = b"hythe-timeout-ms"
_JSON_TYPES = {"", "application/json", "application/x-www-form-urlencoded", "text/plain", "text/json"}
"""What is read as JSON: JSON itself, and what clients send that do not say (curl says it is a form)."""


class RequestHeaders:
    """Headers by lower-case name, as they came; a name that came twice has its values joined by commas."""

    __slots__ = ("raw",)

    def __init__(self, raw: Mapping[bytes, bytes]) -> None:
        self.raw = raw

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: _D) -> str | _D: ...
    def get(self, name: str, default: Any = None) -> Any:
        """Give the value of a header, named in lower case."""
        found = self.raw.get(name.encode())
        return default if found is None else found.decode("latin-1")

    def __contains__(self, name: str) -> bool:
        return name.encode() in self.raw


class Request:
    """A request; `reply` answers it, once. `on_lost` is called when the client goes away before that.

    `ticket` is that of a door that waits for the answer, and writes its reply through the application.
    """

    __slots__ = (
        "_body", "_send", "arrived_s", "caller", "headers", "in_flight", "limits", "method", "on_lost",
        "raw", "target", "ticket",
    )  # fmt: skip

    def __init__(
        self,
        method: str,
        target: str,
        raw: dict[bytes, bytes],
        body: Buffer,
        limits: Limits,
        send: Callable[[int, Headers, bytes], None],
    ) -> None:
        self.method = method
        self.target = target
        self.raw = raw
        self.headers = RequestHeaders(raw)
        self.limits = limits
        self.caller: Caller = ANYBODY
        self.on_lost: Callable[[], object] | None = None
        self.ticket: Awaited | None = None
        self.in_flight = -1
        self.arrived_s = time.monotonic()
        self._body = body
        self._send = send

    @property
    def path(self) -> str:
        """The path without its query, percent-decoded."""
        return unquote(self.target.partition("?")[0])

    @property
    def buffer(self) -> Buffer:
        """The body as it came, in whatever memory it lies."""
        return self._body

    async def body(self) -> bytes:
        """Give the body as it came; it is within the limits."""
        return bytes(self._body)

    @property
    def content_type(self) -> str:
        """What the body is, in lower case and without parameters; "" where the client does not say."""
        return (self.headers.get("content-type") or "").partition(";")[0].strip().lower()

    async def content(self) -> bytes:
        """Give the body with gzip or deflate taken off it, as bytes; raises what `plain` does."""
        return bytes(await self.plain())

    async def plain(self) -> Buffer:
        """Give the body with gzip or deflate taken off it, in whatever memory it lies.

        Raises:
            WrongMedia: when it is compressed otherwise.
            Malformed: when it is not what its `Content-Encoding` says.
            TooLarge: when it is beyond the limit decompressed.

        """
        encoding = self.headers.get("content-encoding")
        word = "identity" if encoding is None else encoding.strip().lower()
        if word == "identity":
            return self._body
        if word not in BITS:
            raise WrongMedia(f"the body is compressed by {word!r}; send gzip, deflate, or the body as it is")
        if len(self._body) < OFF_LOOP:
            return inflate(self._body, word, self.limits)
        return await asyncio.to_thread(inflate, self._body, word, self.limits)

    async def json_body(self) -> bytes:
        """Give a body that is JSON, as bytes; raises what `plain_json` does."""
        return bytes(await self.plain_json())

    async def plain_json(self) -> Buffer:
        """Give a body that is JSON, in whatever memory it lies.

        Raises:
            WrongMedia: when it says that it is something else, or is compressed in an unknown way.
            Malformed, TooLarge: as `content` does.

        """
        kind = self.content_type
        if kind not in _JSON_TYPES and not kind.endswith("+json"):
            raise WrongMedia(f"the body is {kind}; send application/json")
        return await self.plain()

    def ask(self, version: str | None = None, door: str = "") -> Ask:
        """Say who asks, and by when the answer has to be there.

        Raises:
            Invalid: when `Hythe-Timeout-Ms` is no number of milliseconds.

        """
        raw = self.raw
        given = raw.get(_TIMEOUT)
        wait_s = self.limits.timeout_s if given is None else min(_seconds(given), self.limits.timeout_s)
        return Ask(version, self.caller, self.arrived_s + wait_s, self.trace, door, raw)

    @property
    def trace(self) -> str:
        """The caller's `traceparent` as it came, "" for none."""
        trace = self.raw.get(b"traceparent")
        return "" if trace is None else trace[:MOST_BYTES].decode("latin-1")

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer."""
        self._send(status, headers, body)


def _seconds(given: bytes) -> float:
    try:
        milliseconds = float(given)
    except ValueError:
        milliseconds = math.nan
    if not 0 < milliseconds < math.inf:
        shown = given.decode("latin-1")
        raise Invalid(f"Hythe-Timeout-Ms is {shown!r}; send a number of milliseconds more than 0")
    return milliseconds / 1e3
