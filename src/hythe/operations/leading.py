"""One of several processes acts, a turn at a time, while the lease on that is its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hythe.base.errors import HytheError
from hythe.registry.leases import Claim
from hythe.runtime.log import Log


class Stop(Protocol):
    """Says when to stop, as `threading.Event` does."""

    def is_set(self) -> bool:
        """Tell whether to stop."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it, so many seconds at most; tell whether to stop."""
        ...


class Turns(Protocol):
    """What whoever leads does, again and again."""

    def turn(self) -> object:
        """Do what there is to do now."""
        ...


def lead(
    claim: Claim,
    stop: Stop,
    make: Callable[[], Turns],
    *,
    turn_s: float,
    log: Log,
    halted: str,
    on_turn: Callable[[bool], None] = lambda _: None,
) -> None:
    """Take turns every `turn_s` until `stop` is set, while the claim holds.

    Whoever did not act for a while knows nothing of what happened meanwhile, so `make` begins anew then. A
    catalog that is gone is waited for; `halted` is what the log says of that, once. `on_turn` hears after
    each turn whether this process acts.
    """
    turns: Turns | None = None
    fault = ""
    while not stop.is_set():
        acts = False
        try:
            acts = claim.held()
            turns = (turns or make()) if acts else None
            if turns is not None:
                turns.turn()
            fault = ""
        except HytheError as err:
            if err.code != fault:
                log.warning(halted, reason=str(err), code=err.code)
            fault = err.code
        on_turn(acts)
        stop.wait(turn_s)
    try:
        claim.release()
    except HytheError as err:
        log.warning("a lease is left to run out", reason=str(err))
