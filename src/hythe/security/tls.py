"""Certificates by which a server proves who it is, and by which its clients may have to."""

from __future__ import annotations

import os

import msgspec

from hythe.base.errors import Invalid


class Tls(msgspec.Struct, frozen=True, omit_defaults=True):
    """Paths of PEM files: the certificate chain, its key, and the authorities whose clients may call.

    With `client_ca`, a client without a certificate from there is turned away (mTLS).
    """

    cert: str
    key: str
    client_ca: str = ""

    @property
    def files(self) -> list[str]:
        """The paths that are given."""
        return [path for path in (self.cert, self.key, self.client_ca) if path]


def tls_files(cert: str | None, key: str | None, client_ca: str | None) -> Tls | None:
    """Put the files together; None where there is no TLS.

    Raises:
        Invalid: when one of the pair is missing, or a file is not there.

    """
    if cert is None and key is None and client_ca is None:
        return None
    if cert is None or key is None:
        raise Invalid("TLS needs a certificate and its key; give --tls-cert and --tls-key")
    for path in (cert, key, client_ca):
        if path is not None and not os.access(path, os.R_OK):
            raise Invalid(f"{path} cannot be read; give a PEM file")
    return Tls(cert, key, client_ca or "")
