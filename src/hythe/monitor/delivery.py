"""Where alerts are delivered."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args
from urllib.parse import urlsplit

import msgspec

from hythe.base.errors import Invalid
from hythe.monitor.rule import Severity

Target: TypeAlias = Literal["webhook", "alertmanager", "command"]


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One receiver: a webhook or an Alertmanager at `url`, or a `command` that is given the alert as JSON.

    A webhook's body is signed with the secret in the environment variable `secret_env`. Only alerts of these
    `severities` are delivered; all where it is empty.
    """

    to: Target
    url: str = ""
    command: tuple[str, ...] = ()
    secret_env: str = ""
    severities: tuple[Severity, ...] = ()

    def __post_init__(self) -> None:
        if self.to not in get_args(Target):
            raise Invalid(f"alerts cannot be delivered to {self.to!r}; use {', '.join(get_args(Target))}")
        if self.to == "command" and not self.command:
            raise Invalid("a delivery to a command has no command; give its words, as in ['notify-send']")
        if self.to != "command" and not self.url.startswith(("http://", "https://")):
            raise Invalid(f"a delivery to {self.to} has url {self.url!r}; give one of http:// or https://")
        if self.to != "command" and not _has_host(self.url):
            raise Invalid(f"a delivery to {self.to} has url {self.url!r}; give a host, and a number as port")

    @property
    def public(self) -> Delivery:
        """The same without what may be secret: a URL's path and password, and all but a command's program.

        >>> Delivery(to="webhook", url="https://ana:pw@hooks.example.com/T0/secret").public.url
        'https://hooks.example.com/...'
        """
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        url = f"{parts.scheme}://{parts.hostname}{port}/..." if self.url else ""
        return msgspec.structs.replace(self, url=url, command=self.command[:1])


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
