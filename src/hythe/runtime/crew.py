"""The processes of a server: start, speak, end. What follows from it is for others to decide."""

from __future__ import annotations

import contextlib
import os
import selectors
from collections.abc import Iterator, Sequence
from typing import Protocol

from hythe.base.clock import Clock
from hythe.runtime.backoff import Backoff, Restarts
from hythe.runtime.log import Log
from hythe.runtime.role import Role
from hythe.runtime.slot import Slot

_LOG = Log("hythe.supervisor")


class Watcher(Protocol):
    """Hears of beginnings, of what processes say, and of ends."""

    def starting(self, role: Role, place: int) -> None:
        """Hear that a process of a role is about to start in `place`."""
        ...

    def failed(self, place: int) -> None:
        """Hear that it could not be started."""
        ...

    def heard(self, slot: Slot, word: str, rest: str) -> None:
        """Hear a word and the rest of its line."""
        ...

    def ended(self, slot: Slot, status: int, was_ready: bool) -> None:
        """Hear that the process in `slot.place` has ended, as `subprocess` gives the status."""
        ...


class Crew:
    """The slots of all roles; one thread owns it, and any thread may `wake` it."""

    def __init__(self, roles: Sequence[Role], backoff: Backoff, clock: Clock, watcher: Watcher) -> None:
        self._backoff = backoff
        self._clock = clock
        self._watcher = watcher
        self.slots = [self._seat(role) for role in roles for _ in range(role.count)]
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)

    @property
    def now(self) -> float:
        """The monotonic time, in seconds."""
        return self._clock.monotonic_s()

    @property
    def living(self) -> list[Slot]:
        """The slots that hold a process."""
        return [slot for slot in self.slots if slot.process is not None]

    def add(self, role: Role) -> Slot:
        """Add a seat for one more process of a role."""
        slot = self._seat(role)
        self.slots.append(slot)
        return slot

    def start(self, slot: Slot) -> bool:
        """Start the slot's process in a free place of its role; false, and later again, where that fails."""
        taken = {other.place for other in self.living if other.role is slot.role}
        place = next(place for place in slot.role.places if place not in taken)
        self._watcher.starting(slot.role, place)
        try:
            slot.start(place, self.now)
        except OSError as err:
            slot.postpone(self.now)
            self._watcher.failed(place)
            _LOG.error("a process cannot be started", role=slot.role.name, reason=str(err))
            return False
        if slot.talk is not None:
            self._selector.register(slot.talk, selectors.EVENT_READ, lambda: self._hear(slot))
        self._selector.register(slot.pidfd, selectors.EVENT_READ, lambda: self._bury(slot))
        return True

    def wait(self, patience_s: float | None) -> None:
        """Wait until something happens, at most `patience_s` seconds, and tell the watcher."""
        for key, _ in self._selector.select(patience_s):
            key.data()

    def wake(self) -> None:
        """End a `wait`."""
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"w")

    @contextlib.contextmanager
    def gone_at_the_end(self) -> Iterator[None]:
        """Kill whoever is left when the block ends."""
        try:
            yield
        finally:
            for slot in self.living:
                slot.kill()
                self._forget(slot)
                slot.reap(self.now)
            self._selector.close()
            os.close(self._wake_read)
            os.close(self._wake_write)

    def _seat(self, role: Role) -> Slot:
        return Slot(role, Restarts(self._backoff))

    def _hear(self, slot: Slot) -> None:
        for word, rest in slot.hear():
            self._watcher.heard(slot, word, rest)
        if slot.talk is not None and not slot.listens:
            self._selector.unregister(slot.talk)
            slot.hang_up()

    def _bury(self, slot: Slot) -> None:
        self._hear(slot)  # its last words
        self._forget(slot)
        was_ready = slot.ready
        status = slot.reap(self.now)
        if slot.final:
            self.slots.remove(slot)
        self._watcher.ended(slot, status, was_ready)

    def _forget(self, slot: Slot) -> None:
        for item in (slot.talk, slot.pidfd):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(item)  # type: ignore[arg-type]  # None raises ValueError

    def _woken(self) -> None:
        with contextlib.suppress(OSError):
            os.read(self._wake_read, 4096)
