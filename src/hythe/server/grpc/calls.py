"""What every call goes through: it is counted, and its errors become statuses."""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from hythe.dataplane.faults import FAULTS
from hythe.server.grpc.status import Context, explained, refuse

Handler: TypeAlias = Callable[[Any, Context], Awaitable[Any]]
"""Takes a request, or an iterator of them, and gives the answer, or writes a stream to the context."""


class Calls:
    """The calls of one server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._in_flight = 0
        self._ended_s = clock()

    def within(self, seconds: float) -> bool:
        """Tell whether a call is in flight, or ended so lately."""
        return self._in_flight > 0 or self._clock() - self._ended_s < seconds

    def answering(self, handler: Handler) -> Handler:
        """Wrap the handler of a method."""

        @functools.wraps(handler)
        async def answer(request: Any, context: Context) -> Any:
            self._in_flight += 1
            try:
                return await handler(request, context)
            except Exception as err:  # noqa: BLE001 - every call gets a status
                fault = explained(err)
                FAULTS.tell_once(fault)
                await refuse(context, fault)
            finally:
                self._in_flight -= 1
                self._ended_s = self._clock()

        return answer
