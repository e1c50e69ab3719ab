"""Replies are cut out of the stream wherever the network cuts it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.operations.pressure.replies import NotHttp, Replies, Reply

SPECIMENS = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Reply(200, b"hello", True)),
    (b"HTTP/1.1 429 x\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n", Reply(429, b"", False)),
    (b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", Reply(204, b"", True)),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=1\r\nwiki\r\nA\r\n0123456789\r\n0\r\n\r\n",
        Reply(200, b"wiki0123456789", True),
    ),
]


@given(st.sampled_from(SPECIMENS), st.data())
def test_a_reply_is_the_same_however_it_was_cut(specimen: tuple[bytes, Reply], data: st.DataObject) -> None:
    raw, expected = specimen
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1), max_size=5)))
    replies = Replies()
    found = [
        reply
        for start, stop in zip([0, *cuts], [*cuts, len(raw)], strict=True)
        if (reply := replies.feed(raw[start:stop])) is not None
    ]
    assert found == [expected]


@pytest.mark.parametrize("raw", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_what_is_no_reply_is_refused(raw: bytes) -> None:
    with pytest.raises(NotHttp):
        Replies().feed(raw)
