"""Clients that stop in the middle and stay: each is told that it is too slow, and let go."""

from __future__ import annotations

import asyncio

from fuzzing.case import post
from fuzzing.judge import HANG, WRONG, Fault
from fuzzing.replies import Unreadable, read_replies

PATIENCE_S = 60.0
"""More than the server gives for a head and for a body."""
_WHOLE = post("/predict/numbers", b'{"rows": []}')
_HEAD = _WHOLE.partition(b"\r\n\r\n")[0]
_CHUNKED = b"POST /predict/numbers HTTP/1.1\r\nHost: fuzz\r\nTransfer-Encoding: chunked\r\n\r\n"
STOPS = {
    "in the head": _HEAD[:40], "before the head's end": _HEAD + b"\r\n", "in the body": _WHOLE[:-3],
    "in a chunk": _CHUNKED + b"5\r\nab", "in a chunk's size": _CHUNKED + b"5",
    "before the last chunk": _CHUNKED + b"1\r\n[\r\n",
}  # fmt: skip


async def stay(port: int) -> list[tuple[str, Fault]]:
    """Stop at every place at once; gives what is wrong with the ends."""
    ends = await asyncio.gather(*(_stop(port, sent) for sent in STOPS.values()))
    return [(name, fault) for name, fault in zip(STOPS, ends, strict=True) if fault is not None]


async def _stop(port: int, sent: bytes) -> Fault | None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(PATIENCE_S):
            came = await reader.read()
    except TimeoutError:
        return Fault(HANG, f"not let go after {PATIENCE_S:g} s")
    except OSError as err:
        return Fault(WRONG, f"cut off: {err}")
    finally:
        writer.transport.abort()
    try:
        statuses = [answer.status for answer in read_replies(came)]
    except Unreadable as err:
        return Fault(WRONG, str(err))
    return None if statuses == [408] else Fault(WRONG, f"answered with {statuses}, expected 408")
