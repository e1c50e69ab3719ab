"""What Granian does by itself: read the body, answer constant bytes."""

from typing import Any

HEADERS = [("content-type", "application/json")]
BODY = b'{"predictions":[{"label":0,"probabilities":{"0":0.9999999987841798,"1":1.2158202e-09}}]}'


async def app(_scope: Any, protocol: Any) -> None:
    """Answer one request."""
    await protocol()
    protocol.response_bytes(200, HEADERS, BODY)
