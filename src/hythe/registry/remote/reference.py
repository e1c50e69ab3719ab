"""How a person names a place in an OCI registry: `oci://HOST[:PORT]/PATH[:TAG][@DIGEST]`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from hythe.base.errors import Invalid
from hythe.bundle.digests import check_digest

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?"
_REMOTE = re.compile(
    rf"oci://(?P<host>{_HOST})/(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>.+))?"
)


@dataclass(frozen=True, slots=True)
class RemoteRef:
    """A repository of a registry, and perhaps one tag or digest in it."""

    host: str
    path: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"oci://{self.host}/{self.path}{tag}{digest}"

    @property
    def name(self) -> str:
        """The last part of the path: the name that a model gets when nothing else names it."""
        return self.path.rsplit("/", 1)[-1]


def parse_remote(text: str) -> RemoteRef:
    """Read a reference; raises `Invalid` saying what is expected.

    >>> parse_remote("oci://127.0.0.1:5000/models/churn:1.0.0").tag
    '1.0.0'
    """
    found = _REMOTE.fullmatch(text)
    if found is None:
        raise Invalid(
            f"{text!r} is no place in a registry; write oci://HOST[:PORT]/PATH[:TAG], the path in lower case"
        )
    digest = found["digest"]
    return RemoteRef(found["host"], found["path"], found["tag"], check_digest(digest) if digest else None)


def is_loopback(host: str) -> bool:
    """Tell whether `host` (with or without a port) is this machine.

    >>> is_loopback("127.0.0.1:5000"), is_loopback("[::1]:5000"), is_loopback("registry.example.com")
    (True, True, False)
    """
    bare = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def tag_of(version: str) -> str:
    """Give the tag of a version; tags know no `+`, so `_` stands for it as in Helm charts.

    >>> tag_of("1.0.0+cpu")
    '1.0.0_cpu'
    """
    return version.replace("+", "_")


def version_of(tag: str) -> str:
    """Give the version that a tag stands for."""
    return tag.replace("_", "+")
