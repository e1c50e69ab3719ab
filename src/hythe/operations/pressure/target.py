"""Where the requests go and what they hold: rows that were given, or the example that the server shows."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hythe.base.errors import Invalid, NotFound
from hythe.base.version import VERSION
from hythe.client import Client
from hythe.operations.pressure.replies import Reply

_PREDICT = "/predict/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One address, and the bodies that are posted to it in turn; without any it is got."""

    url: str
    bodies: Sequence[bytes] = ()
    key: str = ""

    @property
    def host(self) -> str:
        """The host's name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port, as given or the scheme's own."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    def tls(self) -> ssl.SSLContext | None:
        """Give what checks the server's certificate, where the address asks for TLS."""
        return ssl.create_default_context() if self.url.startswith("https:") else None

    def requests(self, timeout_s: float) -> list[bytes]:
        """Write every request as it goes over the wire."""
        return [self._request(body, timeout_s) for body in self.bodies] or [self._request(None, timeout_s)]

    def _request(self, body: bytes | None, timeout_s: float) -> bytes:
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"{'GET' if body is None else 'POST'} {path} HTTP/1.1",
            f"host: {parts.netloc.rpartition('@')[2]}",
            f"user-agent: hythe-load/{VERSION}",
            "accept: */*",
            f"hythe-timeout-ms: {max(1, int(timeout_s * 1000))}",
        ]
        if body is not None:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        if self.key:
            lines.append(f"authorization: Bearer {self.key}")
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def find_target(
    url: str, rows: Sequence[Mapping[str, Any]] | None, *, key: str = "", rows_each: int = 1
) -> Target:
    """Settle what is sent to `url`: `rows`, `rows_each` of them in a request, else the server's example.

    The address of a server alone stands for its one endpoint.

    Raises:
        Invalid: when the address is none, or leaves open which endpoint is meant.
        NotFound: when the server has no example for it.

    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Invalid(f"{url!r} is no address; write http://HOST:PORT/predict/NAME")
    if rows is not None and parts.path.strip("/"):
        return Target(url=url, bodies=_bodies(rows, rows_each), key=key)
    paths = _paths(f"{parts.scheme}://{parts.netloc}", key)
    path = parts.path if parts.path.strip("/") else _only_endpoint(url, paths)
    whole = parts._replace(path=path).geturl()
    if rows is not None:
        return Target(url=whole, bodies=_bodies(rows, rows_each), key=key)
    operations = paths.get(path, {})
    if "post" not in operations and "get" in operations:
        return Target(url=whole, key=key)
    return Target(url=whole, bodies=_bodies(_example(path, operations), rows_each), key=key)


def fault_of(reply: Reply) -> tuple[str, str]:
    """Name a refusal by its status and its word, and give what was said."""
    try:
        document = msgspec.json.decode(reply.body)
        return f"{reply.status} {document['code']}", str(document["error"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        return str(reply.status), reply.body.decode(errors="replace")


def _bodies(rows: Sequence[Mapping[str, Any]], rows_each: int) -> list[bytes]:
    if rows_each < 1 or not rows:
        raise Invalid(f"{rows_each} of {len(rows)} rows a request; give one or more")
    starts = range(0, max(len(rows), rows_each), rows_each)
    parts = [[rows[(start + i) % len(rows)] for i in range(rows_each)] for start in starts]
    return [msgspec.json.encode({"rows": part}) for part in parts]


def _paths(base: str, key: str) -> dict[str, Any]:
    with Client(base, key=key) as client:
        try:
            paths: dict[str, Any] = client.openapi()["paths"]
        except (NotFound, KeyError) as err:
            raise NotFound(f"{base} has no /openapi.json with examples; give rows with --data") from err
    return paths


def _only_endpoint(url: str, paths: Mapping[str, Any]) -> str:
    found = [path for path in paths if path.startswith(_PREDICT)]
    if len(found) != 1:
        listed = ", ".join(sorted(found)) or "none"
        raise Invalid(f"{url} serves several endpoints ({listed}); write one after the address")
    return found[0]


def _example(path: str, operations: Mapping[str, Any]) -> list[dict[str, Any]]:
    try:
        media = operations["post"]["requestBody"]["content"]["application/json"]
        rows: list[dict[str, Any]] = media["example"]["rows"]
    except (KeyError, TypeError) as err:
        raise NotFound(f"the server shows no example for {path}; give rows with --data") from err
    return rows
