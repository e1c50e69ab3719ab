"""How a call ended, told to whoever observes."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from grpc import StatusCode

from hythe.dataplane.plane import Replied
from hythe.server.grpc.status import status_of


class Ending:
    """Around the work on one request: observers hear of its status and `bytes_out` when the block ends."""

    __slots__ = ("_replied", "bytes_out")

    def __init__(self) -> None:
        self.bytes_out = 0
        self._replied: Replied | None = None

    def begun(self, replied: Replied) -> None:
        """Take what the data plane gives for a request that it observes."""
        self._replied = replied

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._replied is not None and (err is None or isinstance(err, Exception)):
            status = StatusCode.OK if err is None else status_of(err)
            self._replied(status.value[0], self.bytes_out)
