"""The end of a server: nobody new, then nobody left, then nobody to watch."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator

from hythe.runtime import listener
from hythe.runtime.crew import Crew
from hythe.runtime.log import Log
from hythe.runtime.slot import DRAIN, STOP, Slot

_LOG = Log("hythe.supervisor")


class WindDown:
    """Announces the end, locks the door, waits for what is in flight, and ends the helpers last.

    Between announcing and locking are `drain_s` seconds; whoever has not ended `stop_s` seconds after it was
    told to is killed.
    """

    def __init__(self, crew: Crew, door: socket.socket | None, drain_s: float, stop_s: float) -> None:
        self._crew = crew
        self._door = door
        self._drain_s = drain_s
        self._stop_s = stop_s
        self._closing_at: float | None = None
        self._killing_at: float | None = None
        self._helpers_told = False
        self._killed = False

    def step(self, asked: int) -> None:
        """Do what is to be done now; whoever `asked` for the end more than once wants it at once."""
        now = self._crew.now
        if self._closing_at is None:
            _LOG.info("draining", seconds=self._drain_s)
            self._tell(self._serving, DRAIN)
            self._closing_at = now + self._drain_s
        if self._killing_at is None and now >= self._closing_at:
            if self._door is not None:
                listener.lock_door(self._door)
            self._tell(self._serving, STOP)
            self._killing_at = now + self._stop_s
            self._kill(slot for slot in self._serving if not slot.ready)
        if self._killing_at is not None and not self._helpers_told and not self._serving:
            self._helpers_told = True
            self._tell(self._crew.living, STOP)
            self._killing_at = now + self._stop_s
        late = self._killing_at is not None and now >= self._killing_at
        if (late or asked > 1) and self._crew.living:
            self._kill_late(asked)

    def due(self) -> Iterator[float]:
        """Give when `step` is to be called, beside whenever something happens."""
        for moment in (self._closing_at, self._killing_at):
            if moment is not None and moment > self._crew.now:
                yield moment

    @property
    def _serving(self) -> list[Slot]:
        return [slot for slot in self._crew.living if slot.role.serves]

    def _kill_late(self, asked: int) -> None:
        if not self._killed:
            self._killed = True
            _LOG.warning("killing processes", asked=asked)
        self._kill(self._crew.living)

    def _kill(self, slots: Iterable[Slot]) -> None:
        for slot in slots:
            slot.kill()

    def _tell(self, slots: Iterable[Slot], word: str) -> None:
        for slot in slots:
            slot.say(word)
