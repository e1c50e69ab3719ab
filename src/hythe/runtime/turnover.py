"""Replace the processes that serve, one after the other, while the others serve on."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.runtime.crew import Crew
from hythe.runtime.log import Log
from hythe.runtime.priority import give_way, take_part
from hythe.runtime.slot import Slot

_LOG = Log("hythe.supervisor")


class Turnover:
    """Starts a new process, waits until it is ready, then asks an old one to end, and so on.

    When a new one does not become ready, the old ones stay. An old one that has not ended after `end_s`
    seconds is killed.
    """

    def __init__(self, crew: Crew, end_s: float) -> None:
        self._crew = crew
        self._end_s = end_s
        self._asked_at: float | None = None
        self._newcomer: Slot | None = None
        self._old: Slot | None = None
        self._kill_at = 0.0

    def ask(self) -> None:
        """Replace every process that is older than this moment; asked again meanwhile, begin again."""
        self._asked_at = self._crew.now

    def step(self) -> None:
        """Do what is to be done now."""
        if self._asked_at is None:
            return
        if self._newcomer is not None:
            self._try(self._newcomer)
        elif self._old is not None:
            self._see_off(self._old)
        else:
            self._begin(self._asked_at)

    def due(self) -> Iterator[float]:
        """Give when `step` is to be called, beside whenever something happens."""
        if self._asked_at is not None and self._newcomer is None:
            yield self._kill_at if self._old is not None else self._crew.now

    def _begin(self, asked_at: float) -> None:
        old = next((slot for slot in self._crew.slots if slot.role.serves and slot.since < asked_at), None)
        if old is None:
            _LOG.info("every process is replaced")
            self._asked_at = None
            return
        newcomer = self._crew.add(old.role)
        newcomer.final = True  # on trial: when it dies, its seat goes with it
        self._newcomer, self._old = newcomer, old
        if not self._crew.start(newcomer):
            self._crew.slots.remove(newcomer)
            self._give_up()
        elif newcomer.pid is not None:
            give_way(newcomer.pid)

    def _try(self, newcomer: Slot) -> None:
        if newcomer.process is None:
            self._give_up()
        elif newcomer.ready:
            take_part(newcomer.process.pid)
            newcomer.final, self._newcomer = False, None
            self._dismiss()

    def _dismiss(self) -> None:
        """Ask the old one to end; one that died meanwhile is not started again."""
        old = self._old
        if old is None:
            return
        old.final = True
        old.end()
        self._kill_at = self._crew.now + self._end_s
        if old.process is None:
            self._crew.slots.remove(old)

    def _see_off(self, old: Slot) -> None:
        if old.process is None:
            self._old = None
        elif self._crew.now >= self._kill_at:
            _LOG.warning("a replaced process does not end; it is killed", pid=old.pid)
            old.kill()

    def _give_up(self) -> None:
        _LOG.error("the new process did not become ready; the old ones stay")
        self._asked_at = self._newcomer = self._old = None
