"""One request on its way through the data plane, and what the door that took it does with the outcome."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from hythe.base.errors import HytheError
from hythe.bundle.outcome import Answers
from hythe.dataplane.ask import Ask
from hythe.monitor.records.call import CACHED, DEGRADED
from hythe.runtime.job import Job

if TYPE_CHECKING:
    from hythe.dataplane.live import LiveVersion
    from hythe.dataplane.observe import Observer


class Answered:
    """The answers of one model call, shared by the requests in it; labelled once, when the first asks."""

    __slots__ = ("_labelled", "arrays", "live")

    def __init__(self, live: LiveVersion, arrays: Answers) -> None:
        self.live = live
        self.arrays = arrays
        self._labelled: Sequence[Any] | None = None

    def labelled(self) -> Sequence[Any]:
        """Give for each row of the call what msgspec writes as its labelled answer."""
        if self._labelled is None:
            self._labelled = self.live.structs(self.arrays)
        return self._labelled


class Ticket(Job):
    """One request; a door derives from it and hears of the outcome exactly once.

    `id` is the prediction id, `share` the chosen arm's share of the traffic by the plan of `revision`, `key`
    the hash of the sticky key that drew it, `flags` those of `hythe.monitor.records.call`. The door fills in
    `bytes_in`, and `bytes_out` and `status` when it has answered.
    """

    __slots__ = (
        "ask", "bytes_in", "bytes_out", "flags", "id", "key", "live", "revision", "share", "started_s",
        "status",
    )  # fmt: skip

    live: LiveVersion

    def __init__(self, ask: Ask, bytes_in: int = 0) -> None:
        super().__init__([], 0, lane=ask.caller.name, deadline_s=ask.deadline_s, weight=bytes_in)
        self.ask = ask
        self.bytes_in = bytes_in
        self.bytes_out = self.status = self.flags = self.revision = 0
        self.id = self.key = ""
        self.share = 1.0
        self.started_s = time.monotonic()

    def answered(self, answered: Answered, start: int) -> None:
        """Hand over the rows `start` to `start + self.rows` of a model call."""
        raise NotImplementedError

    def refused(self, err: Exception) -> None:
        """Say why there is no answer."""
        raise NotImplementedError


class Prediction(msgspec.Struct, frozen=True, gc=False):
    """The answers to one request: arrays by output name, the version that gave them, and the id.

    Row `i` of the request has the prediction id `f"{id}:{i}"`. `degraded` says that a fallback answered,
    `cached` that the answer was given before to equal rows.
    """

    id: str
    endpoint: str
    version: LiveVersion
    answers: Answers
    degraded: bool = False
    cached: bool = False

    @property
    def marks(self) -> tuple[str, ...]:
        """Name what a client should know of the answer: `degraded`, `cached`, both or neither."""
        return ("degraded",) * self.degraded + ("cached",) * self.cached


class Awaited(Ticket):
    """A request whose door waits for `future`, and calls `replied` when it has written the reply."""

    __slots__ = ("_observer", "endpoint", "future")

    def __init__(self, ask: Ask, endpoint: str, observer: Observer) -> None:
        super().__init__(ask)
        self.endpoint = endpoint
        self._observer = observer
        self.future: asyncio.Future[Prediction] = asyncio.get_running_loop().create_future()

    def answered(self, answered: Answered, start: int) -> None:
        """Wake the door with its own rows."""
        if self.future.done():
            return
        arrays = answered.arrays
        if start or self.rows != _length(arrays):
            arrays = {name: array[start : start + self.rows] for name, array in arrays.items()}
        flags = self.flags
        self.future.set_result(
            Prediction(
                self.id, self.endpoint, answered.live, arrays, bool(flags & DEGRADED), bool(flags & CACHED)
            )
        )

    def replied(self, status: int, bytes_out: int, fault: HytheError | None = None) -> None:
        """Note the reply's status and the bytes of its body, and a fault that only the door had."""
        self._observer.replied(self, status, bytes_out)
        if fault is not None and not fault.told:
            self._observer.tell(fault, self, self.version)

    @property
    def version(self) -> str:
        """The version that took the request; "" where none has."""
        return self.live.spec.version if hasattr(self, "live") else ""

    def refused(self, err: Exception) -> None:
        """Wake the door with an error."""
        if not self.future.done():
            self.future.set_exception(err)


def _length(arrays: Answers) -> Any:
    return len(next(iter(arrays.values()), ()))
