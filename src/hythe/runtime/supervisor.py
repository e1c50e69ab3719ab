"""The parent of the workers: starts them, replaces one that dies, drains them before they end.

All workers accept from one listening socket that the parent holds open, so a worker that ends or dies never
takes with it a connection that it has not accepted.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Invalid, Unavailable
from hythe.runtime import listener
from hythe.runtime.backoff import Backoff, Restarts
from hythe.runtime.counters import Counter, Counters, Metric
from hythe.runtime.log import Log
from hythe.runtime.slot import DRAIN, FAILED, READY, STOP, Command, Slot

RESTARTS = Metric("hythe_worker_restarts_total", "counter", "Workers started again after they died.")
_MOST_FAILED_STARTS = 3

_LOG = Log("hythe.supervisor")


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorConfig:
    """How many workers; seconds to start, to announce the end, and to finish what is in flight."""

    workers: int = 1
    start_s: float = 60.0
    drain_s: float = 1.0
    stop_s: float = 30.0
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise Invalid(f"workers is {self.workers}; give 1 or more")
        if min(self.start_s, self.stop_s) <= 0 or self.drain_s < 0:
            raise Invalid(
                f"start_s, drain_s and stop_s are {self.start_s}, {self.drain_s}, {self.stop_s}; "
                "give more than 0 (drain_s may be 0)"
            )


class Supervisor:
    """Keeps `config.workers` workers running until it is told to stop.

    `command` makes a worker's command line from its slot and the descriptor to talk over; `inherit` are the
    descriptors that it needs beside. A worker says `ready` when it takes traffic, or `failed` and why.
    """

    def __init__(
        self,
        command: Command,
        inherit: Sequence[int],
        door: socket.socket,
        config: SupervisorConfig,
        *,
        counters: Counters | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._command = command
        self._inherit = inherit
        self._door = door
        self._config = config
        self._clock = clock or SystemClock()
        self._slots = [Slot(number, Restarts(config.backoff)) for number in range(config.workers)]
        self._restarted: Counter | None = None if counters is None else counters.counter(RESTARTS.name)
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._stops_asked = 0
        self._announced = False
        self._failed_starts = 0
        self._closing_at: float | None = None
        self._killing_at: float | None = None
        self._killed = False

    def run(self, on_ready: Callable[[], None]) -> None:
        """Run until stopped by SIGTERM, SIGINT or `stop`; `on_ready` is called once all workers are ready.

        Raises:
            HytheError: when the workers cannot start; none is left running.

        """
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        try:
            with self._signals():
                for slot in self._slots:
                    self._start(slot)
                while any(slot.process for slot in self._slots) or not self._stops_asked:
                    self._step(on_ready)
        finally:
            for slot in self._slots:
                if slot.process is not None:
                    slot.kill()
                    self._forget(slot)
                    slot.reap(self._now())
            self._selector.close()
            os.close(self._wake_read)
            os.close(self._wake_write)

    def stop(self) -> None:
        """Ask for the end, as SIGTERM does; asked twice, workers are killed. Any thread may call it."""
        self._stops_asked += 1
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"s")

    def _now(self) -> float:
        return self._clock.monotonic_s()

    def _step(self, on_ready: Callable[[], None]) -> None:
        for key, _ in self._selector.select(self._patience()):
            key.data()
        if self._stops_asked:
            self._wind_down()
            return
        now = self._now()
        for slot in self._slots:
            if slot.process is None and now >= slot.not_before:
                if self._restarted is not None:
                    self._restarted.add()
                self._start(slot)
            elif slot.process is not None and not slot.ready and now > slot.since + self._config.start_s:
                _LOG.error(
                    "worker did not become ready in time", slot=slot.number, limit_s=self._config.start_s
                )
                slot.kill()
        if not self._announced and all(slot.ready for slot in self._slots):
            self._announced = True
            on_ready()

    def _patience(self) -> float | None:
        """Seconds until something is due; None when only news can make a difference."""
        due: list[float] = []
        if self._stops_asked:
            ends = (self._closing_at, self._killing_at)
            due += [moment for moment in ends if moment is not None and moment > self._now()]
        else:
            due += [slot.not_before for slot in self._slots if slot.process is None]
            waited = [slot for slot in self._slots if slot.process is not None and not slot.ready]
            due += [slot.since + self._config.start_s for slot in waited]
        return max(0.0, min(due) - self._now()) + 0.001 if due else None

    def _wind_down(self) -> None:
        """Announce the end, then lock the door, then wait for what is in flight, then kill."""
        now = self._now()
        if self._closing_at is None:
            _LOG.info("draining", seconds=self._config.drain_s)
            self._tell(DRAIN)
            self._closing_at = now + self._config.drain_s
        if self._killing_at is None and now >= self._closing_at:
            listener.lock_door(self._door)
            self._tell(STOP)
            self._killing_at = now + self._config.stop_s
            self._kill([slot for slot in self._slots if not slot.ready])
        late = self._killing_at is not None and now >= self._killing_at
        if (late or self._stops_asked > 1) and not self._killed:
            self._killed = True
            _LOG.warning("killing workers", asked=self._stops_asked)
            self._kill(self._slots)

    def _kill(self, slots: Sequence[Slot]) -> None:
        for slot in slots:
            slot.kill()

    def _tell(self, word: str) -> None:
        for slot in self._slots:
            slot.say(word)

    def _start(self, slot: Slot) -> None:
        slot.start(self._command, self._inherit, self._now())
        if slot.talk is not None:
            self._selector.register(slot.talk, selectors.EVENT_READ, lambda: self._heard(slot))
        self._selector.register(slot.pidfd, selectors.EVENT_READ, lambda: self._died(slot))

    def _heard(self, slot: Slot) -> None:
        for line in slot.hear():
            word, _, rest = line.partition(" ")
            if word == READY:
                slot.ready = True
                _LOG.info("worker ready", slot=slot.number, pid=slot.process.pid if slot.process else None)
            elif word == FAILED:
                _LOG.error("worker cannot start", slot=slot.number, reason=rest)
                if not self._announced:
                    raise Unavailable(f"the worker cannot start: {rest}")
        if slot.talk is not None and not _open(slot.talk):
            self._selector.unregister(slot.talk)
            slot.talk.close()
            slot.talk = None

    def _died(self, slot: Slot) -> None:
        self._heard(slot)  # its last words
        self._forget(slot)
        was_ready = slot.ready
        status = slot.reap(self._now())
        if self._stops_asked:
            return
        _LOG.error("worker died", slot=slot.number, status=status)
        if not self._announced and not was_ready:
            self._failed_starts += 1
            if self._failed_starts >= _MOST_FAILED_STARTS:
                raise Unavailable(f"workers end before they are ready (exit status {status}); see the log")

    def _forget(self, slot: Slot) -> None:
        for item in (slot.talk, slot.pidfd):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(item)  # type: ignore[arg-type]  # None raises ValueError

    def _woken(self) -> None:
        with contextlib.suppress(OSError):
            os.read(self._wake_read, 4096)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn SIGTERM and SIGINT into `stop`, in the main thread; elsewhere `stop` is called."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, lambda *_: self.stop())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _open(talk: socket.socket) -> bool:
    try:
        return talk.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
