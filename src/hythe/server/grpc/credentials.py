"""The server's certificate, and the gate of client certificates."""

from __future__ import annotations

from pathlib import Path

import grpc

from hythe.base.errors import Invalid
from hythe.security.tls import Tls


def server_credentials(tls: Tls) -> grpc.ServerCredentials:
    """Read the PEM files; with `client_ca` a client must show a certificate from there.

    Raises:
        Invalid: when a file cannot be read.

    """
    pair = (_read(tls.key), _read(tls.cert))
    authorities = _read(tls.client_ca) if tls.client_ca else None
    return grpc.ssl_server_credentials(
        [pair], root_certificates=authorities, require_client_auth=authorities is not None
    )


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as err:
        raise Invalid(f"{path} cannot be read: {err.strerror}; give a PEM file") from err
