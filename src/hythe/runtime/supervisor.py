"""The parent of a server's processes: starts them, starts again what dies, replaces, drains, ends.

All workers accept from one listening socket that the parent holds open, so a worker that ends or dies never
takes with it a connection that it has not accepted.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Invalid, Unavailable
from hythe.runtime.backoff import Backoff
from hythe.runtime.counters import Counters
from hythe.runtime.crew import Crew
from hythe.runtime.ledger import Ledger
from hythe.runtime.log import Log
from hythe.runtime.role import Role
from hythe.runtime.server_metrics import POISON, RESTARTS
from hythe.runtime.slot import CRASHED, FAILED, READY, Slot
from hythe.runtime.turnover import Turnover
from hythe.runtime.watched_files import WatchedFiles
from hythe.runtime.wind_down import WindDown

_MOST_FAILED_STARTS = 3
_LOOK_S = 1.0

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
    """Keeps the processes of all `roles` running until it is told to stop.

    A process says `ready` when it takes traffic, or `failed` and why. When one of the files in `watched`
    changes, processes that serve are replaced, as after SIGHUP. At the end nobody new is let in by `door`.
    """

    def __init__(
        self,
        roles: Sequence[Role],
        door: socket.socket | None,
        config: SupervisorConfig,
        ledger: Ledger,
        counters: Counters,
        *,
        watched: Sequence[Path] = (),
        clock: Clock | None = None,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._counters = counters
        self._crew = Crew(roles, config.backoff, clock or SystemClock(), self)
        self._turnover = Turnover(self._crew, config.drain_s + config.stop_s)
        self._end = WindDown(self._crew, door, config.drain_s, config.stop_s)
        self._watched = WatchedFiles(watched)
        self._look_at = self._crew.now + _LOOK_S
        self._stops_asked = 0
        self._replace_asked = False
        self._announced = False
        self._failed_starts = 0

    def run(self, on_ready: Callable[[], None], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Run until stopped by SIGTERM, SIGINT or `stop`; `on_ready` is called once all that serves is ready.

        `meanwhile` is called as soon as the processes that serve are starting; their time to become ready
        counts from its end, and signals do what they did before until then. The helpers start last, so that
        they do not take the processors from those that serve.

        Raises:
            HytheError: when what serves cannot start, or from `meanwhile`; nothing is left running.

        """
        with self._crew.gone_at_the_end():
            self._start(serving=True)
            meanwhile()
            for slot in self._crew.living:
                slot.since = self._crew.now
            with self._signals():
                while self._crew.living or not self._stops_asked:
                    if self._stops_asked:
                        self._end.step(self._stops_asked)
                    else:
                        self._step(on_ready)
                    self._crew.wait(self._patience())

    def stop(self) -> None:
        """Ask for the end, as SIGTERM does; asked twice, processes are killed. Any thread may call it."""
        self._stops_asked += 1
        self._crew.wake()

    def replace(self) -> None:
        """Replace what serves, one process after the other, as SIGHUP does. Any thread may call it."""
        self._replace_asked = True
        self._crew.wake()

    def starting(self, role: Role, place: int) -> None:
        """Hear that a process is about to start."""
        if role.reads:
            self._ledger.started(place)

    def failed(self, place: int) -> None:
        """Hear that it could not be started."""
        self._ledger.ended(place, crashed=False)

    def heard(self, slot: Slot, word: str, rest: str) -> None:
        """Hear a word that a process says."""
        if word == READY:
            slot.ready = True
            _LOG.info("process ready", role=slot.role.name, place=slot.place, pid=slot.pid)
        elif word == FAILED:
            _LOG.error("process cannot start", role=slot.role.name, place=slot.place, reason=rest)
            if slot.role.serves and not self._announced:
                raise Unavailable(f"the {slot.role.name} process cannot start: {rest}")
        elif word == CRASHED:
            self._refuse(self._ledger.crashed_with(int(item) for item in rest.split() if item.isdecimal()))

    def ended(self, slot: Slot, status: int, was_ready: bool) -> None:
        """Hear of the end of a process, wanted or not."""
        self._refuse(self._ledger.ended(slot.place, crashed=status < 0))
        if self._stops_asked or (slot.final and was_ready):
            return
        _LOG.error("process died", role=slot.role.name, place=slot.place, status=status)
        if slot.role.serves and not self._announced and not was_ready:
            self._failed_starts += 1
            if self._failed_starts >= _MOST_FAILED_STARTS:
                raise Unavailable(f"processes end before they are ready (exit status {status}); see the log")

    def _start(self, *, serving: bool) -> None:
        """Start the processes that serve, or the helpers, for the first time."""
        for slot in list(self._crew.slots):
            if slot.role.serves == serving:
                self._crew.start(slot)

    def _step(self, on_ready: Callable[[], None]) -> None:
        now = self._crew.now
        for slot in self._wanted():
            if slot.process is None and now >= slot.not_before:
                self._counters.counter(RESTARTS.name, role=slot.role.name).add()
                self._crew.start(slot)
            elif slot.process is not None and not slot.ready and now > slot.since + self._config.start_s:
                _LOG.error("process is not ready in time", role=slot.role.name, limit_s=self._config.start_s)
                slot.kill()
        if not self._announced and all(slot.ready for slot in self._crew.slots if slot.role.serves):
            self._announced = True
            self._start(serving=False)
            on_ready()
        if self._announced:
            self._renew(now)

    def _renew(self, now: float) -> None:
        """Replace what serves where that was asked for, or where a watched file has changed."""
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            self._replace_asked |= self._watched.changed()
        if self._replace_asked:
            self._replace_asked = False
            _LOG.info("replacing processes")
            self._turnover.ask()
        self._turnover.step()

    def _patience(self) -> float | None:
        """Seconds until something is due; None when only news can make a difference."""
        due = list(self._end.due()) if self._stops_asked else [*self._due(), *self._turnover.due()]
        return max(0.0, min(due) - self._crew.now) + 0.001 if due else None

    def _wanted(self) -> list[Slot]:
        """Give the seats that are to hold a process by now."""
        return [slot for slot in self._crew.slots if slot.role.serves or self._announced]

    def _due(self) -> Iterator[float]:
        for slot in self._wanted():
            if slot.process is None:
                yield slot.not_before
            elif not slot.ready:
                yield slot.since + self._config.start_s
        if self._watched and self._announced:
            yield self._look_at

    def _refuse(self, requests: Sequence[int]) -> None:
        for request in requests:
            _LOG.error("a request has killed two processes; it is refused from now on", fingerprint=request)
            self._counters.counter(POISON.name).add()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn signals into `stop` and `replace`, in the main thread; elsewhere those are called."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wanted = {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self.replace}
        before = {number: signal.signal(number, _calling(call)) for number, call in wanted.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _calling(call: Callable[[], None]) -> Callable[..., None]:
    return lambda *_: call()
