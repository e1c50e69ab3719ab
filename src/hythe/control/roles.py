"""The processes of the control plane: the API's, which takes traffic, the controller's, the monitor's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec

from hythe.base.errors import Unsupported
from hythe.control.spec import ControlConfig, ControlSpec
from hythe.runtime.listener import address, take_address
from hythe.runtime.role import Command, Role

_API_PLACES = 2
"""One more than there are processes, for a new one beside an old one."""
_ACTING = ("controller", "monitor")
"""Processes that act by themselves, each in the module of its name."""


class Processes:
    """The roles of a control plane whose address is taken; `url` is the API's, "" without one."""

    def __init__(self, spec: ControlSpec, descriptor: int, url: str) -> None:
        self.url = url
        self._api = spec.config.api
        self._descriptor = descriptor
        self._inherit = (descriptor, spec.door) if self._api else (descriptor,)

    @property
    def places(self) -> int:
        """How many places the processes need."""
        return (_API_PLACES if self._api else 0) + len(_ACTING)

    def roles(self, first: int) -> list[Role]:
        """Give the roles, in the places from `first` on."""
        acting = first + self.places - len(_ACTING)
        found = [
            Role(
                name=name,
                command=self._command(f"hythe.control.{name}"),
                places=range(place, place + 1),
                inherit=self._inherit,
            )
            for place, name in enumerate(_ACTING, start=acting)
        ]
        if self._api:
            api = Role(
                name="control",
                command=self._command("hythe.control.worker"),
                places=range(first, acting),
                serves=True,
                inherit=self._inherit,
            )
            found.insert(0, api)
        return found

    def _command(self, module: str) -> Command:
        spec = str(self._descriptor)
        return lambda place, talk: [sys.executable, "-P", "-m", module, str(place), str(talk), spec]


@contextmanager
def processes(config: ControlConfig, drain_s: float = 1.0) -> Iterator[Processes]:
    """Take the API's address, and say how the processes are started; both are given back at the end.

    Raises:
        Unavailable: when the address is taken, or is not this machine's.
        Unsupported: when there is to be an API, and the extra `control` is not installed.

    """
    with ExitStack() as stack:
        door, url = -1, ""
        if config.api:
            _check_installed()
            held = stack.enter_context(take_address(config.host, config.port))
            door, url = held.fileno(), address(held, "https" if config.tls else "http")
        spec = ControlSpec(config=config, door=door, drain_s=drain_s)
        descriptor = spec.into_memory()
        stack.callback(os.close, descriptor)
        yield Processes(spec, descriptor, url)


def _check_installed() -> None:
    missing = [name for name in ("litestar", "uvicorn") if find_spec(name) is None]
    if missing:
        raise Unsupported(
            f"the control API needs {' and '.join(missing)}; install 'hythe[control]', or leave the API out: "
            "hythe control --no-api"
        )
