"""The public keys of token issuers, fetched away from serving: from a file, a URL, or where they say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hythe.base.errors import Corrupt, Invalid, OperatorError, Unavailable
from hythe.base.network import is_loopback
from hythe.runtime.log import Log
from hythe.security.tokens import Issuer, Verifier

_LOG = Log("hythe.issuers")
_MOST_BYTES = 2**20
_DISCOVERY = "/.well-known/openid-configuration"


class Issuers:
    """Issuers with public keys that are kept fresh.

    `fetch` gives an issuer's JWKS document; it is passed in so that tests need no network.
    """

    def __init__(self, issuers: Iterable[Issuer], fetch: Callable[[Issuer], bytes] | None = None) -> None:
        self._issuers = {(issuer.url, issuer.audience): issuer for issuer in issuers}
        self._fetch = fetch or fetch_jwks

    def refresh(self) -> tuple[Issuer, ...]:
        """Fetch all keys anew, and give the issuers whose keys are known.

        One that does not answer, or not with keys, keeps those that it had; the log says so.

        Raises:
            Unsupported: when PyJWT is not installed.
            Invalid: when an address cannot be used.

        """
        for name, issuer in self._issuers.items():
            try:
                found = msgspec.structs.replace(issuer, jwks=self._fetch(issuer))
                Verifier(found)
            except OperatorError as err:
                _LOG.warning(
                    "the keys of a token issuer cannot be fetched", issuer=issuer.url, error=str(err)
                )
            else:
                self._issuers[name] = found
        return tuple(issuer for issuer in self._issuers.values() if issuer.jwks)


def fetch_jwks(issuer: Issuer, timeout_s: float = 5.0) -> bytes:
    """Read an issuer's JWKS document, of 1 MiB at most, in `timeout_s` at most for each document.

    Raises:
        Unavailable: when the file or server does not give it.
        Corrupt: when the issuer's description is not its own.
        Invalid: for a URL that is neither https nor on this machine.

    """
    if not issuer.jwks_from or "://" in issuer.jwks_from:
        return _get(issuer.jwks_from or _described(issuer, timeout_s), timeout_s)
    try:
        return Path(issuer.jwks_from).read_bytes()
    except OSError as err:
        raise Unavailable(f"the JWKS of {issuer.url} cannot be read: {err}; see 'jwks_from'") from err


def _described(issuer: Issuer, timeout_s: float) -> str:
    """Ask where the keys are (OpenID Connect Discovery 1.0, section 4)."""
    url = issuer.url.rstrip("/") + _DISCOVERY
    try:
        document = msgspec.json.decode(_get(url, timeout_s), type=dict[str, Any])
    except msgspec.DecodeError as err:
        raise Corrupt(f"{url} cannot be read: {err}; set 'jwks_from' of the issuer") from err
    if document.get("issuer") != issuer.url or not isinstance(document.get("jwks_uri"), str):
        raise Corrupt(f"{url} does not describe {issuer.url}; set 'jwks_from' of the issuer")
    return str(document["jwks_uri"])


def _get(url: str, timeout_s: float) -> bytes:
    import httpx

    _check_url(url)
    deadline = time.monotonic() + timeout_s
    content = b""
    try:
        with httpx.stream("GET", url, timeout=timeout_s, headers={"Accept": "application/json"}) as reply:
            reply.raise_for_status()
            for chunk in reply.iter_bytes():
                content += chunk
                if len(content) > _MOST_BYTES or time.monotonic() > deadline:
                    raise Unavailable(f"{url} sends too much or too slowly; see 'jwks_from'")
    except (httpx.HTTPError, httpx.InvalidURL) as err:
        raise Unavailable(f"{url} does not answer: {err}; see that it is reachable from here") from err
    return content


def _check_url(url: str) -> None:
    """Take https, and plain http on this machine: whoever can change a JWKS on its way can make tokens."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return
    raise Invalid(f"keys cannot be fetched from {url!r}; use https")
