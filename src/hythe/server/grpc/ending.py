"""How a call ended, told to whoever observes."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from grpc import StatusCode

from hythe.dataplane.ticket import Awaited
from hythe.dataplane.turned_away import TurnedAway
from hythe.monitor.records.call import Call
from hythe.monitor.records.grpc_status import GRPC
from hythe.server.grpc.status import explained, status_of

_PATH = "/inference.GRPCInferenceService/ModelInfer"


class Ending:
    """Around the work on one request: its ticket hears of the status and `bytes_out` when the block ends.

    What nobody expected leaves the block as the error that a client may see. `turned_away` notes what fails
    before there is a ticket.
    """

    __slots__ = ("_ticket", "_turned_away", "bytes_out")

    def __init__(self, turned_away: TurnedAway | None = None) -> None:
        self._turned_away = turned_away
        self.bytes_out = 0
        self._ticket: Awaited | None = None

    def begun(self, ticket: Awaited) -> None:
        """Take the request's ticket."""
        self._ticket = ticket

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not (err is None or isinstance(err, Exception)):
            return
        fault = None if err is None else explained(err)
        status = StatusCode.OK if fault is None else status_of(fault)
        if self._ticket is not None:
            self._ticket.replied(status.value[0], self.bytes_out, fault)
        elif fault is not None and self._turned_away is not None:
            self._turned_away.note(fault, Call("", 0, door=GRPC, status=status.value[0], path=_PATH))
        if fault is not None and fault is not err:
            raise fault from err
