"""Compressed bodies: as they should be, broken, nested, cut, and bombs."""

from __future__ import annotations

import functools
import gzip
import zlib
from random import Random

from fuzzing.havoc import havoc

_WORDS = (
    "gzip",
    "deflate",
    "x-gzip",
    "GZIP",
    "br",
    "zstd",
    "identity",
    "gzip, gzip",
    "gzip,deflate",
    "",
    "*",
    "\x01",
)


@functools.cache
def bomb(megabytes: int, *, members: int = 1) -> bytes:
    """Compress so many megabytes of spaces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b" " * 2**20
    one = b"".join(packer.compress(piece) for _ in range(megabytes)) + packer.flush()
    return one * members


def squeeze(rng: Random, body: bytes) -> tuple[bytes, str, str]:
    """Compress a body; gives the bytes, the `Content-Encoding` and what was done."""
    word = rng.choice(("gzip", "deflate"))
    whole = gzip.compress(body, 1, mtime=0) if word == "gzip" else zlib.compress(body, 1)
    way = rng.choice(("right", "bare", "broken", "other word", "nested", "cut", "tail", "bomb", "members"))
    if way == "bare":
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        return packer.compress(body) + packer.flush(), "deflate", way
    if way == "bomb":
        return bomb(rng.choice((17, 64, 300)), members=rng.choice((1, 2))), "gzip", way
    if way == "members":
        return gzip.compress(b"", mtime=0) * rng.choice((2, 16, 17, 3000)) + gzip.compress(body), "gzip", way
    made = {
        "broken": lambda: havoc(rng, whole),
        "nested": lambda: gzip.compress(whole, mtime=0),
        "cut": lambda: whole[: rng.randint(0, len(whole) - 1)],
        "tail": lambda: whole + rng.randbytes(9),
    }
    spoilt = made[way]() if way in made else whole
    return spoilt, rng.choice(_WORDS) if way == "other word" else word, way
