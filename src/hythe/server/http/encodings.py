"""gzip and deflate: never more bytes in memory than a limit, and what a client offers to read."""

from __future__ import annotations

import zlib

from hythe.base.errors import Malformed
from hythe.dataplane.admit import Limits
from hythe.server.http.body import Buffer

_GZIP_BITS = 31
_ZLIB_BITS = 15
_RAW_BITS = -15
_NIBBLE = 0x0F
_DEFLATED = 8
_LEVEL = 1
_MOST_MEMBERS = 16
"""A gzip body may have this many members; reading each copies what is left, so many would be slow."""
BITS = {"gzip": _GZIP_BITS, "x-gzip": _GZIP_BITS, "deflate": _ZLIB_BITS}
"""The encodings that are read, and zlib's window bits for writing them."""


def inflate(body: Buffer, encoding: str, limits: Limits) -> bytes:
    """Decompress gzip (RFC 1952) or deflate (RFC 1950; also bare, RFC 1951, as some clients send).

    Raises:
        Malformed: when the bytes are not what `encoding` says, or are cut off.
        TooLarge: as soon as more bytes come out than a body may have.

    >>> inflate(zlib.compress(b"rows"), "deflate", Limits())
    b'rows'
    """
    pieces: list[bytes] = []
    size = 0
    left: Buffer = body
    try:
        while left or not pieces:
            stream = zlib.decompressobj(_window(left, encoding))
            pieces.append(stream.decompress(left, limits.body_bytes - size + 1))
            size += len(pieces[-1])
            limits.admit_bytes(size)
            left = stream.unused_data
            if not stream.eof or (left and len(pieces) == _MOST_MEMBERS):
                fault = f"have more than {_MOST_MEMBERS} members" if stream.eof else "are cut off"
                raise Malformed(f"the body's {encoding} data {fault}; compress it whole, in one go")
    except zlib.error as err:
        raise Malformed(f"the body is not {encoding}, as its header says: {err}; compress it again") from err
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _window(body: Buffer, encoding: str) -> int:
    """Tell zlib's window bits; `deflate` without a zlib header is read as bare deflate data."""
    if encoding != "deflate":
        return _GZIP_BITS
    wrapped = len(body) > 1 and body[0] & _NIBBLE == _DEFLATED and (body[0] << 8 | body[1]) % 31 == 0
    return _ZLIB_BITS if wrapped else _RAW_BITS


def compress(body: bytes, encoding: str) -> bytes:
    """Compress for speed.

    >>> inflate(compress(b"rows", "gzip"), "gzip", Limits())
    b'rows'
    """
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, BITS[encoding])
    return stream.compress(body) + stream.flush()


def offered(accepted: str) -> str | None:
    """Choose from an `Accept-Encoding` header; None where only the plain body will do.

    >>> offered("br;q=1.0, gzip;q=0.8"), offered("gzip;q=0, *;q=0"), offered("")
    ('gzip', None, None)
    """
    offers = dict(_offer(item) for item in accepted.lower().split(","))
    found = {word: offers.get(word, offers.get("*", 0.0)) for word in ("gzip", "deflate")}
    best = max(found, key=lambda word: found[word])
    return best if found[best] > 0 else None


def _offer(item: str) -> tuple[str, float]:
    word, _, parameters = item.partition(";")
    quality = parameters.strip().removeprefix("q=")
    try:
        return word.strip(), float(quality) if quality else 1.0
    except ValueError:
        return word.strip(), 0.0
