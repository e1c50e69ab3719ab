"""A receiver of webhooks: HTTP on a free port of this machine, which keeps what it is sent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any, NamedTuple

from hythe.testing.waiting import PATIENCE_S


class Received(NamedTuple):
    """One request: its path, its headers by lower-case names, and its body."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Receiver:
    """What was received so far; `status` and `extra` headers are the answer from now on."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 204
        self.extra: dict[str, str] = {}
        self.received: list[Received] = []
        self._changed = Condition()

    def take(self, request: Received) -> None:
        """Keep one request."""
        with self._changed:
            self.received.append(request)
            self._changed.notify_all()

    def until_messages(self, n: int, patience_s: float = PATIENCE_S) -> list[Received]:
        """Wait for so many messages with ids of their own, and give each once, as it first came."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._messages()) >= n, patience_s), self.received
            return list(self._messages().values())

    def until(self, n: int, patience_s: float = PATIENCE_S) -> list[Received]:
        """Wait for so many requests, and give all there are."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= n, patience_s), len(self.received)
            return list(self.received)

    def _messages(self) -> dict[str, Received]:
        found: dict[str, Received] = {}
        for request in self.received:
            found.setdefault(request.headers.get("webhook-id", ""), request)
        return found


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.take(Received(self.path, headers, body))
            self.send_response(found.status)
            for name, value in found.extra.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
