"""The server's own faults: what a client may know of them, and what the log says.

A client hears of what nobody expected in one fixed sentence with an id, and the log has the rest under it.
A fault that repeats is told of a few times, then now and then with the number of those left out, so that a
broken model does not fill a disk; all that are left out share the id of the line before.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hythe.base.errors import Busy, CallerError, HytheError, Internal
from hythe.base.ids import uuid7
from hythe.monitor.records.trace_context import trace_of
from hythe.runtime.log import Log

if TYPE_CHECKING:
    from hythe.dataplane.ticket import Ticket

MOST_LINES = 5
"""How often one fault is told of in `PERIOD_S`."""
PERIOD_S = 10.0
_MOST_KNOWN = 256
_DIGITS = re.compile(r"\d+")
_LOG = Log("hythe.faults")


@dataclass(slots=True)
class _Known:
    """One fault: since when it is counted, how many lines it had since, what was left out, the last id."""

    since_s: float
    lines: int = 0
    left_out: int = 0
    incident: str = ""

    def may(self, now_s: float) -> bool:
        """Tell whether the next one gets a line; if so it is taken."""
        if now_s - self.since_s >= PERIOD_S:
            self.since_s, self.lines = now_s, 0
        if self.lines >= MOST_LINES:
            self.left_out += 1
            return False
        self.lines += 1
        self.incident = str(uuid7())
        return True


class Unexpected(Internal):
    """What nobody expected, as a client hears of it.

    `known` counts its like, `shared` says that a request has had it already.
    """

    def __init__(self, origin: Exception, known: _Known, *, told: bool) -> None:
        incident = known.incident
        super().__init__(f"the server made a mistake; its log says more under the id {incident}", incident)
        self.__cause__ = origin
        self.origin = origin
        self.known = known
        self.told = told
        self.shared = False


class Faults:
    """The faults of one process; `clock` is monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, log: Log = _LOG) -> None:
        self._clock = clock
        self._log = log
        self._known: dict[tuple[str, ...], _Known] = {}

    def spoken(self, err: Exception, endpoint: str = "", version: str = "") -> HytheError:
        """Give an error that a client may see: ours as it is, anything else as `Unexpected`, for `tell`."""
        if isinstance(err, HytheError):
            return err
        known = self._find(err, endpoint, version)
        fresh = known.may(self._clock())
        return Unexpected(err, known, told=not fresh)

    def tell(
        self,
        fault: HytheError,
        ticket: Ticket | None = None,
        *,
        endpoint: str = "",
        version: str = "",
        path: str = "",
    ) -> None:
        """Have the log say of the server's fault which request had it; a caller's fault is not told."""
        if isinstance(fault, CallerError | Busy):
            return
        known, told = self._counted(fault, endpoint, version)
        fault.told = True
        if told:
            return
        left_out, known.left_out = known.left_out, 0
        origin = fault.origin if isinstance(fault, Unexpected) else fault
        fields = {
            "event.dataset": "hythe.error",
            "error.id": fault.incident if isinstance(fault, Unexpected) else known.incident,
            "error.code": fault.code,
            "error.type": type(origin).__name__,
            "error.message": str(origin),
            "hythe.endpoint": endpoint,
            "hythe.version": version,
            "url.path": path,
            "hythe.suppressed": left_out,
            **({} if ticket is None else _of(ticket)),
        }
        message = str(fault) if origin is fault else "unexpected error"
        trace = origin if origin.__traceback__ is not None else None
        self._log.error(message, exc_info=trace, **{name: value for name, value in fields.items() if value})

    def tell_once(self, fault: HytheError | None, path: str = "") -> None:
        """Have the log say of a fault that no request was told to have; None is none."""
        if fault is not None and not fault.told:
            self.tell(fault, path=path)

    def _counted(self, fault: HytheError, endpoint: str, version: str) -> tuple[_Known, bool]:
        """Count a fault, and say whether it was told of before or is left out."""
        if not isinstance(fault, Unexpected):
            known = self._find(fault, endpoint, version)
            return known, not known.may(self._clock())
        # Its first request was counted when it was made; those that share it were not.
        fault.known.left_out += fault.told and fault.shared
        fault.shared = True
        return fault.known, fault.told

    def _find(self, err: BaseException, endpoint: str, version: str) -> _Known:
        key = (endpoint, version, *_key(err))
        if key not in self._known and len(self._known) >= _MOST_KNOWN:
            key = ()
        return self._known.setdefault(key, _Known(self._clock()))


FAULTS = Faults()
"""Those of this process."""


def _key(err: BaseException) -> tuple[str, ...]:
    """Say what makes two faults the same: their kind, and the place where they came up."""
    trace = err.__traceback__
    if trace is None:
        return type(err).__name__, _DIGITS.sub("", str(err))[:80]
    while trace.tb_next is not None:
        trace = trace.tb_next
    return type(err).__name__, trace.tb_frame.f_code.co_filename, str(trace.tb_lineno)


def _of(ticket: Ticket) -> dict[str, str]:
    """Say whose request it was."""
    ask = ticket.ask
    found = trace_of(ask.trace)
    return {
        "hythe.prediction_id": ticket.id,
        "trace.id": found[0].id if found is not None else "",
        "user.name": ask.caller.name,
        "hythe.door": ask.door,
    }
