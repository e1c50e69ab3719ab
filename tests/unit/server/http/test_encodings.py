"""Compressed bodies, in and out."""

import gzip
import json
import zlib
from typing import Any

import pytest

from hythe.base.errors import Malformed, TooLarge
from hythe.dataplane.admit import Limits
from hythe.server.http.encodings import inflate, offered


def bare(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare)],
    ids=["gzip", "x-gzip", "deflate", "bare deflate"],
)
async def test_a_compressed_body_is_read(call: Any, row: dict[str, Any], encoding: str, pack: Any) -> None:
    body = pack(json.dumps(row).encode())
    reply = await call("POST", "/predict/churn", raw=[body], content_encoding=encoding.upper())
    assert reply.status == 200


def test_members_of_one_gzip_body_are_joined() -> None:
    assert inflate(gzip.compress(b"ro") + gzip.compress(b"ws"), "gzip", Limits()) == b"rows"
    with pytest.raises(Malformed, match="more than 16 members"):
        inflate(gzip.compress(b"") * 17, "gzip", Limits())


async def test_a_bomb_is_too_large_and_never_unpacked_whole(call: Any) -> None:
    for encoding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        bomb = pack(bytes(1_500_000))
        assert len(bomb) < 2000
        reply = await call("POST", "/predict/churn", raw=[bomb], content_encoding=encoding)
        assert (reply.status, reply.document["code"]) == (413, "too_large")


def test_a_body_may_be_exactly_as_large_as_the_limit_says() -> None:
    limits = Limits(body_bytes=1000)
    assert inflate(gzip.compress(bytes(1000)), "gzip", limits) == bytes(1000)
    with pytest.raises(TooLarge):
        inflate(gzip.compress(bytes(600)) + gzip.compress(bytes(401)), "gzip", limits)


ROWS = gzip.compress(b"rows", mtime=0)


@pytest.mark.parametrize("body", [b"", b"{}", ROWS[:-3], ROWS + b"x"])
async def test_a_body_that_is_not_what_it_says_is_malformed(call: Any, body: bytes) -> None:
    reply = await call("POST", "/predict/churn", raw=[body], content_encoding="gzip")
    assert (reply.status, reply.document["code"]) == (400, "malformed")


async def test_an_encoding_that_is_not_known_is_named(call: Any) -> None:
    reply = await call("POST", "/predict/churn", raw=[b"x"], content_encoding="zstd")
    assert (reply.status, reply.document["code"]) == (415, "media_type")
    assert "'zstd'; send gzip, deflate" in reply.document["error"]


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("gzip, deflate, br", "gzip"),
        ("deflate", "deflate"),
        ("gzip;q=0.1, deflate;q=0.9", "deflate"),
        ("*", "gzip"),
        ("*;q=0.5, gzip;q=0", "deflate"),
        ("identity", None),
        ("gzip;q=often", None),
    ],
)
def test_the_best_offer_is_taken(header: str, chosen: str | None) -> None:
    assert offered(header) == chosen
