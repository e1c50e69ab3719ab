"""Cases that are wrong as HTTP/1.1: framing, heads, pipelines, and requests hidden in bodies (RFC 9112)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from fuzzing.case import Case, post
from fuzzing.documents import write
from fuzzing.doors import DOORS, any_subject
from fuzzing.havoc import havoc
from fuzzing.heads import HEADS

_HOST = b"Host: fuzz\r\n"
_CLOSE = b"Connection: close\r\n"


def chunked_case(rng: Random, number: int) -> Case:
    """Send a body in chunks whose sizes, extensions, ends or trailers are strange."""
    path, body = _right(rng)
    size = rng.choice((1, 3, 50, 10**6))
    chunks = [body[i : i + size] for i in range(0, len(body), size)]
    spoilt = rng.choice(CHUNKS)
    framed = b"".join(spoilt(rng, chunk) if rng.random() < 0.5 else _chunk(chunk) for chunk in chunks)
    end = rng.choice(ENDS)
    head = b"POST %b HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n%b\r\n" % (path, _HOST, _CLOSE)
    owed = 1 if spoilt is _plain_chunk and end in ENDS[:3] else 0
    return Case(
        number=number, door="chunks", what=spoilt.__name__, pieces=_pieces(rng, head + framed + end),
        owed=owed,
        abrupt=not owed,
    )  # fmt: skip


def head_case(rng: Random, number: int) -> Case:
    """Send a head that is broken, too large, or right in an unusual way."""
    path, body = _right(rng)
    name, write_head = rng.choice(list(HEADS.items()))
    request = write_head(rng, path, body)
    return Case(number=number, door="heads", what=name, pieces=_pieces(rng, request), owed=0, abrupt=True)


def cut_case(rng: Random, number: int) -> Case:
    """Stop sending amid a request, or spoil its bytes."""
    path, body = _right(rng)
    whole = post(path.decode("latin-1"), body)
    if rng.random() < 0.5:
        sent, what = whole[: rng.randint(0, len(whole) - 1)], "cut off"
    else:
        sent, what = havoc(rng, whole), "havoc"
    return Case(number=number, door="cut off", what=what, pieces=_pieces(rng, sent), owed=0, abrupt=True)


def pipelined_case(rng: Random, number: int) -> Case:
    """Send many requests at once; each is owed a reply, in order."""
    count = rng.choice((2, 5, 40, 300))
    requests = []
    for _ in range(count - 1):
        path, body = _right(rng)
        whole = post(path.decode("latin-1"), body).replace(b"Connection: close\r\n", b"")
        requests.append(
            rng.choice((whole, b"GET /nothing HTTP/1.1\r\n" + _HOST + b"\r\n", b"GET /v2 HTTP/1.1\r\n\r\n"))
        )
    path, body = _right(rng)
    data = b"".join([*requests, post(path.decode("latin-1"), body)])
    return Case(number=number, door="pipelines", what=str(count), pieces=_pieces(rng, data), owed=count)


def smuggled_case(rng: Random, number: int) -> Case:
    """Hide a request in a body whose end two readers would see at different places."""
    secret = b"smuggled-%d" % number
    hidden = b"GET /%b HTTP/1.1\r\n%b%b\r\n" % (secret, _HOST, _CLOSE)
    name, headers = rng.choice(list(SMUGGLING.items()))
    chunked = (
        b"0\r\n\r\n" + hidden if rng.random() < 0.5 else b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)
    )
    lines = headers % {b"all": len(chunked), b"some": rng.choice((0, 3, 5, 6))}
    if name == "a plain body":  # here the body's end is beyond doubt
        chunked = hidden
        lines = b"Content-Length: %d\r\n" % len(hidden)
    method = rng.choice((b"POST", b"GET", b"DELETE"))
    path = rng.choice((b"/predict/numbers", b"/v2", b"/invocations"))
    version = b"1.0" if rng.random() < 0.1 else b"1.1"
    request = b"%b %b HTTP/%b\r\n%b%b\r\n%b" % (method, path, version, _HOST, lines, chunked)
    return Case(
        number=number, door="smuggling", what=name, pieces=_pieces(rng, request), owed=0, abrupt=True,
        forbidden=b"nothing at /" + secret,
    )  # fmt: skip


def _right(rng: Random) -> tuple[bytes, bytes]:
    path, document, _ = DOORS[rng.choice(("json", "kserve v1", "open inference"))](rng, any_subject(rng))
    return path.encode(), write(document)


def _pieces(rng: Random, data: bytes) -> tuple[bytes, ...]:
    """Cut what is sent: not, at random places, or after each byte."""
    way = rng.random()
    if way < 0.6 or len(data) > 100_000:
        return (data,)
    if way < 0.9 or len(data) > 600:
        places = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(1, 6)))
        return tuple(data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True))
    return tuple(data[i : i + 1] for i in range(len(data)))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _plain_chunk(_rng: Random, data: bytes) -> bytes:
    return b"%05X\r\n%b\r\n" % (len(data), data)


def _strange_size(rng: Random, data: bytes) -> bytes:
    sizes = (
        b"-1",
        b"0x3",
        b"+3",
        b"",
        b" 3",
        b"3 ",
        b"ffffffffffffffff",
        b"10000000000000000",
        b"1e3",
        b"\xb2",
        b"g",
        b"7fffffff",
        b"_1",
    )
    return b"%b\r\n%b\r\n" % (rng.choice(sizes), data)


def _wrong_size(rng: Random, data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (max(len(data) + rng.choice((-1, 1, 2, 900)), 0), data)


def _extension(rng: Random, data: bytes) -> bytes:
    extensions = (
        b";a",
        b";a=b",
        b';a="b\\""',
        b";" * 900,
        b";a=" + b"x" * 90_000,
        b";\x00",
        b";a=b\n",
        b' ; a="',
        b";\r;",
    )
    return b"%x%b\r\n%b\r\n" % (len(data), rng.choice(extensions), data)


def _strange_end(rng: Random, data: bytes) -> bytes:
    return b"%x%b%b%b" % (
        len(data),
        rng.choice((b"\n", b"\r\n", b"\r")),
        data,
        rng.choice((b"\n", b"\r", b"", b"\r\n\r\n", b"xx")),
    )


CHUNKS: tuple[Callable[[Random, bytes], bytes], ...] = (
    _plain_chunk, _strange_size, _wrong_size, _extension, _strange_end,
)  # fmt: skip
ENDS = (
    b"0\r\n\r\n", b"000\r\n\r\n", b"0\r\nx: y\r\nauthorization: Bearer z\r\n\r\n",
    b"0\r\ncontent-length: 3\r\n\r\n", b"0\n\n",
    b"", b"0\r\n", b"0\r\n" + b"t: " + b"x" * 300_000 + b"\r\n\r\n",
    b"0\r\n" + b"t: x\r\n" * 30_000 + b"\r\n", b"0\r\n\x00\r\n\r\n",
)  # fmt: skip
SMUGGLING = {
    "length and chunks": b"Content-Length: %(all)d\r\nTransfer-Encoding: chunked\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: %(some)d\r\n",
    "two lengths": b"Content-Length: %(some)d\r\nContent-Length: %(all)d\r\n",
    "a list of lengths": b"Content-Length: %(some)d, %(all)d\r\n",
    "space before the colon": b"Transfer-Encoding : chunked\r\nContent-Length: %(all)d\r\n",
    "tab in the name": b"Transfer-Encoding\t: chunked\r\nContent-Length: %(all)d\r\n",
    "x chunked": b"Transfer-Encoding: xchunked\r\nContent-Length: %(all)d\r\n",
    "chunked, identity": b"Transfer-Encoding: chunked, identity\r\nContent-Length: %(all)d\r\n",
    "identity": b"Transfer-Encoding: identity\r\nContent-Length: %(all)d\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "chunked, then x": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    "vertical tab": b"Transfer-Encoding: \x0bchunked\r\nContent-Length: %(all)d\r\n",
    "quoted": b'Transfer-Encoding: "chunked"\r\nContent-Length: %(all)d\r\n',
    "null": b"Transfer-Encoding: chunked\x00\r\nContent-Length: %(all)d\r\n",
    "folded": b"Transfer-Encoding:\r\n chunked\r\nContent-Length: %(all)d\r\n",
    "folded length": b"Content-Length:\r\n %(all)d\r\n",
    "bare line feed": b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: %(all)d\r\n",
    "bare carriage return": b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: %(all)d\r\n",
    "plus": b"Content-Length: +%(all)d\r\n",
    "minus": b"Content-Length: -%(all)d\r\n",
    "hex": b"Content-Length: 0x%(all)x\r\n",
    "overflow": b"Content-Length: 18446744073709551%(all)03d\r\n",
    "underscore name": b"Content_Length: %(some)d\r\nContent-Length: %(all)d\r\n",
    "upgrade": b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %(all)d\r\n",
    "upgrade and chunks": b"Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: x, chunked\r\n",
    "a plain body": b"",
}
"""Headers that readers take differently; `all` is the length of what follows, `some` a shorter one."""
