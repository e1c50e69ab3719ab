"""One POST to a receiver, and what its reply means for trying again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hythe.base.errors import Busy, NotFound, Unavailable

if TYPE_CHECKING:
    import httpx

LIMIT_S = 20.0
"""Standard Webhooks recommends 15 to 30 seconds."""
_MOST_WAIT_S = 3600.0


def post(url: str, body: bytes, headers: Mapping[str, str], now: int) -> None:
    """Send a body; redirects are not followed.

    Raises:
        Busy: when the reply says when to come again.
        NotFound: when it says that nobody is there any more (410).
        Unavailable: when there is no reply, or one that does not mean success.

    """
    import httpx

    host = urlsplit(url).hostname
    try:
        # What a receiver has to say beside its status is not read, however long it is.
        with httpx.stream("POST", url, content=body, headers=dict(headers), timeout=LIMIT_S) as reply:
            _check(reply, host, now)
    except (httpx.HTTPError, httpx.InvalidURL) as err:
        # The error may quote the URL, which may be secret.
        raise Unavailable(f"{host} did not take it: {type(err).__name__}; see that it is running") from err


def _check(reply: httpx.Response, host: str | None, now: int) -> None:
    if reply.is_success:
        return
    said = f"{host} answered {reply.status_code}"
    if reply.status_code == HTTPStatus.GONE:
        raise NotFound(f"{said}: it wants no more; take it out of the policy")
    wait_s = _wait_s(reply.headers.get("retry-after", ""), now)
    if wait_s is not None:
        raise Busy(f"{said}, to come again in {wait_s:g} s", wait_s)
    raise Unavailable(f"{said}; see its log")


def _wait_s(given: str, now: int) -> float | None:
    """Read Retry-After (RFC 9110, section 10.2.3): seconds or a date; None where it is neither."""
    if given.isdecimal():
        return min(float(given), _MOST_WAIT_S)
    try:
        at = parsedate_to_datetime(given)
    except ValueError:
        return None
    seconds = at.replace(tzinfo=at.tzinfo or UTC) - datetime.fromtimestamp(now, UTC)
    return min(max(0.0, seconds.total_seconds()), _MOST_WAIT_S)
