"""What both clients know about httpx: its limits, and what its exceptions mean."""

from __future__ import annotations

import ssl
from urllib.request import getproxies

import httpx

from hythe.base.errors import Invalid
from hythe.client.tries import Tries

_IDLE_S = 30.0


def certificates(url: str, tls: ssl.SSLContext | None) -> ssl.SSLContext | bool:
    """Say with which certificates a server at `url` is checked: `tls` where given, else the system's.

    Reading those takes 25 ms, so they are left out where nothing is encrypted, and no proxy is asked either.
    """
    if tls is None and url.startswith("http://") and not getproxies():
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return True if tls is None else tls


def limits(connections: int) -> httpx.Limits:
    """Bound the connections; an idle one is kept for 30 s."""
    if connections < 1:
        raise Invalid(f"connections is {connections}; give 1 or more")
    return httpx.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_IDLE_S
    )


def judged(tries: Tries, err: httpx.HTTPError) -> float:
    """Give the seconds until the next try after `err`, or raise what the user should see."""
    if isinstance(err, httpx.ConnectError | httpx.ConnectTimeout):
        return tries.unreached(err)
    if isinstance(err, httpx.TimeoutException):
        raise tries.late() from err
    if isinstance(err, httpx.NetworkError | httpx.RemoteProtocolError):
        return tries.dropped(err)
    raise Invalid(f"the request cannot be sent: {err}; check the address and the headers") from err
