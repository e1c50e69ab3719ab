"""What each route asks of whoever calls it, and who that is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, TypeAlias

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from hythe.base.errors import Denied
from hythe.control.callers import Callers
from hythe.dataplane.ask import Caller
from hythe.registry.registry import Registry
from hythe.security.keys import Verb

_VERB = "verb"
Options = dict[str, Any]


def asks(verb: Verb | None) -> Options:
    """Give the options of a route for callers with `verb`; None is for anybody."""
    return {_VERB: verb}


@dataclass(frozen=True, slots=True)
class Who:
    """Who was let in: a name for the change log, and what else they may do."""

    name: str
    _caller: Caller

    def check(self, endpoint: str, verb: Verb) -> None:
        """See whether they may; raises Denied. `endpoint` is `*` for what concerns all."""
        self._caller.check(endpoint, verb)

    def sees(self, endpoint: str) -> bool:
        """Tell whether they may look at an endpoint."""
        return self.may(endpoint, "view")

    def may(self, endpoint: str, verb: Verb) -> bool:
        """Tell whether they may."""
        try:
            self.check(endpoint, verb)
        except Denied:
            return False
        return True


Here: TypeAlias = NamedDependency[Registry]
"""The registry that the API works on."""
Asking: TypeAlias = NamedDependency[Who]
"""Who asks."""


def guard(callers: Callers) -> Any:
    """Make what lets requests in, or raises Unauthenticated, Denied or Busy before anything is read."""

    async def let_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        verb = handler.opt.get(_VERB, "view")
        if verb is None:
            return
        headers = connection.headers
        shown = headers.get("authorization", headers.get("x-api-key"))
        caller = await asyncio.to_thread(
            callers.let_in, shown, headers.get("host", ""), headers.get("origin")
        )
        callers.admit(caller, str(connection.path_params.get("endpoint", "")), verb)
        connection.state.who = Who(callers.actor(caller), caller)

    return let_in


def who(request: Request[Any, Any, Any]) -> Who:
    """Say who was let in."""
    found: Who = request.state.who
    return found
