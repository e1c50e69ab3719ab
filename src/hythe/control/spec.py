"""All that a process of the control plane is told, as JSON in memory that it inherits."""

from __future__ import annotations

import msgspec

from hythe.base.errors import Invalid
from hythe.runtime.metering import Metering
from hythe.runtime.told import from_memory, into_memory
from hythe.security.tls import Tls
from hythe.security.tokens import Issuer

_MOST_PORT = 65535


class ControlConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which catalog is controlled, and where the API listens; port 0 takes a free one.

    Without `api` there is the controller alone. `actor` stands in the change log for whoever needs no key:
    with `anonymous`, those on this machine. With `tls` it is HTTPS, with `metering` what
    monitoring finds goes to a collector as well.
    """

    home: str
    catalog: str
    actor: str
    host: str = "127.0.0.1"
    port: int = 8079
    api: bool = True
    anonymous: bool = True
    issuers: tuple[Issuer, ...] = ()
    tls: Tls | None = None
    metering: Metering | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= _MOST_PORT:
            raise Invalid(f"control_port is {self.port}; give 0 to {_MOST_PORT}, where 0 takes a free one")


class ControlSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What is controlled, the descriptor that listens for HTTP (-1 for none), and how long an end takes.

    Who is connected hears `drain_s` seconds before the end that it comes.
    """

    config: ControlConfig
    door: int = -1
    drain_s: float = 1.0

    def into_memory(self) -> int:
        """Write it into a file that lives in memory; give the descriptor, for children to inherit."""
        return into_memory(self, "hythe-control")

    @classmethod
    def read(cls, descriptor: int) -> ControlSpec:
        """Read what `into_memory` wrote."""
        return from_memory(descriptor, cls)
