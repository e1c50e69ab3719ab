"""One process of a server and the line of talk with it: words in, words out, each on a line of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from dataclasses import dataclass, field

from hythe.runtime.backoff import Restarts
from hythe.runtime.role import Role

READY = "ready"
FAILED = "failed"
CRASHED = "crashed"
"""Said with the fingerprints, in decimal, of the requests at which a child of the process crashed."""
DRAIN = "drain"
STOP = "stop"


@dataclass(slots=True, eq=False)
class Slot:
    """A seat for one process; `since` is when it started, `not_before` when the next may.

    A `final` process is followed by none.
    """

    role: Role
    restarts: Restarts
    process: subprocess.Popen[bytes] | None = None
    place: int = -1
    talk: socket.socket | None = None
    pidfd: int = -1
    ready: bool = False
    final: bool = False
    since: float = 0.0
    not_before: float = 0.0
    _heard: bytes = field(default=b"")

    @property
    def pid(self) -> int | None:
        """The process id, or None while there is no process."""
        return None if self.process is None else self.process.pid

    def start(self, place: int, now: float) -> None:
        """Start the process in `place`.

        Raises:
            OSError: when the machine has no room for it; the seat stays empty.

        """
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            process = subprocess.Popen(
                self.role.command(place, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                pass_fds=[*self.role.inherit, theirs.fileno()],
                start_new_session=True,  # Ctrl-C on a terminal is for the parent, which drains the others
            )
            undo.callback(process.wait)
            undo.callback(process.kill)
            self.pidfd = os.pidfd_open(process.pid)
            undo.pop_all()
        if self.role.nice:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, self.role.nice)
        ours.setblocking(False)
        self.process, self.place, self.talk = process, place, ours
        self.ready, self.since, self._heard = False, now, b""

    def say(self, word: str) -> None:
        """Send a word; one that is gone does not hear it."""
        if self.talk is not None:
            with contextlib.suppress(OSError):
                self.talk.send(f"{word}\n".encode())

    def hear(self) -> list[tuple[str, str]]:
        """Give what has come: words, each with the rest of its line; nothing from who has closed the line."""
        if self.talk is None:
            return []
        with contextlib.suppress(OSError):
            self._heard += self.talk.recv(65536)
        *lines, self._heard = self._heard.split(b"\n")
        parts = (line.decode(errors="replace").partition(" ") for line in lines)
        return [(word, rest) for word, _, rest in parts]

    @property
    def listens(self) -> bool:
        """Whether the other end of the line is open."""
        if self.talk is None:
            return False
        try:
            return self.talk.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def hang_up(self) -> None:
        """Close this end of the line."""
        if self.talk is not None:
            self.talk.close()
            self.talk = None

    def end(self) -> None:
        """Ask this process alone to end: it takes nobody new, finishes what it has, and ends."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process now."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)

    def reap(self, now: float) -> int:
        """Note that the process has ended, and when the next may start; gives its exit status."""
        status = 0 if self.process is None else self.process.wait()
        self.hang_up()
        if self.pidfd >= 0:
            os.close(self.pidfd)
        self.process, self.pidfd, self.ready = None, -1, False
        self.postpone(now, now - self.since)
        return status

    def postpone(self, now: float, lived_s: float = 0.0) -> None:
        """Let the next process wait, longer each time that one dies young."""
        self.not_before = now + self.restarts.died(lived_s)
