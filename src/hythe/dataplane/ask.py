"""Who asks, and what a request wants beside the answers to its rows; every door fills in the same."""

from __future__ import annotations

import math
from typing import Protocol

import msgspec

from hythe.base.errors import Denied


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who asks: `name` is a key's id or a token's subject, "" for anybody.

    `endpoints` and `verbs` are what it may use; None is all of them. `place` is where its rate and quota
    are counted, -1 for nowhere.
    """

    name: str = ""
    endpoints: frozenset[str] | None = None
    verbs: frozenset[str] | None = None
    place: int = -1

    def check(self, endpoint: str, verb: str) -> None:
        """See whether it may; raises Denied. `endpoint` is "" for what belongs to none.

        >>> Caller("ana", endpoints=frozenset({"churn"})).check("fraud", "predict")
        Traceback (most recent call last):
        ...
        hythe.base.errors.Denied: the key 'ana' is not for endpoint 'fraud'; ask for one that is
        """
        if endpoint and self.endpoints is not None and endpoint not in self.endpoints:
            raise Denied(f"the key {self.name!r} is not for endpoint {endpoint!r}; ask for one that is")
        if self.verbs is not None and verb not in self.verbs:
            raise Denied(f"the key {self.name!r} is not for the verb {verb!r}; ask for one that is")


ANYBODY = Caller()


class Headers(Protocol):
    """What a request says of itself, by lower-case name: headers of HTTP, metadata of gRPC."""

    def get(self, name: bytes, /) -> bytes | None:
        """Give a value as it came; None where there is none."""
        ...


NO_HEADERS: Headers = {}


class Ask(msgspec.Struct, frozen=True, gc=False):
    """What a request wants: one version whatever the plan says, and an answer before `deadline_s`.

    `deadline_s` is on the clock of `time.monotonic`. `trace` is the W3C `traceparent`, "" for none; `door`
    names the protocol, for the log. `headers` are looked at where the plan asks for one.
    """

    version: str | None = None
    caller: Caller = ANYBODY
    deadline_s: float = math.inf
    trace: str = ""
    door: str = ""
    headers: Headers = NO_HEADERS
