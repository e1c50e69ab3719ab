"""Heads that are broken, too large, or right in an unusual way."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Head = Callable[[Random, bytes, bytes], bytes]
"""Writes a request for a path with a body."""
_HOST = b"Host: fuzz"
_CLOSE = b"Connection: close"
_VERSIONS = (b"1.2", b"2.0", b"9", b"1.", b"11")
_METHODS = (
    b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"PROPFIND", b"SOURCE", b"get", b"G\x00T", b"X" * 9000,
)  # fmt: skip
_TARGETS = (
    b"*", b"x", b"//x", b"/\xff\xfe", b"/%", b"/a b", b"http://x:y@z:99999999/v2", b"ftp://x/", b"\\v2",
    b"/v2\x00",
    b"?", b"#",
)  # fmt: skip
_CONNECTIONS = (
    b"close, keep-alive", b"keep-alive", b"x" * 900, b"", b"close" * 900, b",,,", b"content-length",
    b"upgrade",
)  # fmt: skip
_EXPECTED = (b"100-continue", b"100-Continue", b"x", b"200-ok")
_PROTOCOLS = (b"h2c", b"websocket", b"TLS/1.0", b"")
_PROXIED = (b"x:80", b"/predict/mixed", b"[::1]:9", b"*")
_SIZES = (60_000, 70_000, 900_000)
_CONTROLS = (0, 1, 8, 11, 12, 27, 127)


def _get(path: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join([b"GET %b HTTP/1.1" % path, *lines, b"", b""])


def _post(
    path: bytes, body: bytes, *lines: bytes, version: bytes = b"1.1", length: bytes | int | None = None
) -> bytes:
    told = len(body) if length is None else length
    shown = told if isinstance(told, bytes) else b"%d" % told
    head = [b"POST %b HTTP/%b" % (path, version), *lines, b"Content-Length: " + shown]
    return b"\r\n".join([*head, b"", body])


def _upgrade(rng: Random, path: bytes, body: bytes) -> bytes:
    words = rng.choice((b"Upgrade", b"Upgrade, close", b"Upgrade, x"))
    return _post(path, body, _HOST, b"Connection: " + words, b"Upgrade: " + rng.choice(_PROTOCOLS))


def _other_method(rng: Random, path: bytes, _body: bytes) -> bytes:
    return _get(path, _HOST, _CLOSE).replace(b"GET", rng.choice(_METHODS), 1)


HEADS: dict[str, Head] = {
    "no headers": lambda _r, p, b: b"POST %b HTTP/1.1\r\n\r\n%b" % (p, b),
    "HTTP/1.0": lambda _r, p, b: _post(p, b, version=b"1.0"),
    "HTTP/0.9": lambda _r, p, _b: b"GET %b\r\n\r\n" % p,
    "another version": lambda r, p, b: _post(p, b, _HOST, version=r.choice(_VERSIONS)),
    "HTTP/2": lambda _r, _p, _b: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "TLS": lambda r, _p, _b: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + r.randbytes(500),
    "long target": lambda r, _p, _b: _get(b"/" + b"x" * r.choice(_SIZES), _HOST),
    "long header": lambda r, p, _b: _get(p, _HOST, b"X: " + b"x" * r.choice(_SIZES)),
    "many headers": lambda r, p, _b: _get(p, _HOST, *[b"a: b"] * r.choice((900, 90_000))),
    "one header often": lambda r, p, _b: _get(p, _HOST, *[b"a:"] * r.choice((15_000, 300_000))),
    "different headers": lambda r, p, _b: _get(p, *[b"h%d: 1" % i for i in range(r.choice((900, 9000)))]),
    "never ends": lambda _r, p, _b: b"GET %b HTTP/1.1\r\nX: " % p + b"x" * 3_000_000,
    "folded": lambda _r, p, b: _post(p, b, _HOST, b"X: a\r\n b"),
    "no colon": lambda _r, p, _b: _get(p, b"nonsense"),
    "empty name": lambda _r, p, _b: _get(p, b": x"),
    "controls": lambda r, p, _b: _get(p, b"X: a%bb" % bytes([r.choice(_CONTROLS)])),
    "line feeds": lambda _r, p, b: _post(p, b, _HOST).replace(b"\r\n", b"\n"),
    "blank lines first": lambda r, p, b: b"\r\n" * r.choice((1, 9, 90_000)) + _post(p, b, _HOST, _CLOSE),
    "two hosts": lambda _r, p, b: _post(p, b, _HOST, b"Host: b"),
    "longer length": lambda r, p, b: _post(p, b, _HOST, length=len(b) + r.choice((1, 99, 10**6))),
    "huge length": lambda r, p, b: _post(p, b, _HOST, length=b"9" * r.choice((8, 18, 30, 5000))),
    "shorter length": lambda r, p, b: _post(p, b, _HOST, length=r.randint(0, len(b))),
    "leave asked": lambda r, p, b: _post(p, b, _HOST, _CLOSE, b"Expect: " + r.choice(_EXPECTED)),
    "upgrade": _upgrade,
    "strange method": _other_method,
    "connect": lambda r, _p, _b: b"CONNECT %b HTTP/1.1\r\n%b\r\n\r\n" % (r.choice(_PROXIED), _HOST),
    "strange target": lambda r, _p, _b: _get(r.choice(_TARGETS), _HOST, _CLOSE),
    "connection words": lambda r, p, b: _post(p, b, _HOST, b"Connection: " + r.choice(_CONNECTIONS)),
}
"""Heads by what is odd about them."""
