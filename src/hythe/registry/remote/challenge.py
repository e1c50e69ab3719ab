"""What a registry asks for when it answers 401 (RFC 9110 section 11.6.1; Docker's token protocol)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

from hythe.registry.remote.credentials import Credentials

_PARAMETER = re.compile(r'([a-zA-Z]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Challenge:
    """A scheme (`basic` or `bearer`) and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenge(header: str) -> Challenge:
    """Read a `WWW-Authenticate` header.

    >>> parse_challenge('Bearer realm="https://auth.example.com/token",service="registry"').parameters["service"]
    'registry'
    """
    scheme, _, rest = header.strip().partition(" ")
    return Challenge(scheme.lower(), {key.lower(): value for key, value in _PARAMETER.findall(rest)})


def basic(credentials: Credentials) -> str:
    """Give the header for basic authentication (RFC 7617).

    >>> basic(Credentials("Aladdin", "open sesame"))
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
    """
    pair = f"{credentials.user}:{credentials.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()
