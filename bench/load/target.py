"""Where requests go, and one request at a time: for first answers, and to check that answers are right."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Target:
    """An address, what its bodies are, and the `Authorization` header and deadline of requests, if any."""

    url: str
    content_type: str = "application/json"
    authorization: str = ""
    timeout_ms: int = 0

    @property
    def address(self) -> tuple[str, int]:
        """Give host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "127.0.0.1", parts.port or 80

    @property
    def path(self) -> str:
        """Give the path."""
        return urlsplit(self.url).path

    @property
    def headers(self) -> dict[str, str]:
        """Give the headers of a request, its length aside."""
        headers = {"Content-Type": self.content_type}
        if self.authorization:
            headers["Authorization"] = self.authorization
        if self.timeout_ms:
            headers["Hythe-Timeout-Ms"] = str(self.timeout_ms)
        return headers

    def request(self, body: bytes, **headers: str) -> bytes:
        """Write a whole request as bytes, for a client that sends on a socket of its own."""
        host, port = self.address
        every = {"Host": f"{host}:{port}", **self.headers, **headers, "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in every.items())
        return f"POST {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + body

    def ask(self, body: bytes, *, patience_s: float = 30.0) -> tuple[int, bytes]:
        """Post one body over a connection of its own; give the status and the answer's body.

        Raises:
            OSError, http.client.HTTPException: when no answer comes.

        """
        connection = http.client.HTTPConnection(*self.address, timeout=patience_s)
        try:
            connection.request("POST", self.path, body, self.headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()
