"""One worker process and the line of talk with it: words in, words out, each on a line of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hythe.runtime.backoff import Restarts

READY = "ready"
FAILED = "failed"
DRAIN = "drain"
STOP = "stop"

Command = Callable[[int, int], Sequence[str]]
"""Gives the command line of the worker in a slot, which talks over a file descriptor."""


@dataclass(slots=True)
class Slot:
    """A place for one worker; `since` is when it started, `not_before` when the next may."""

    number: int
    restarts: Restarts
    process: subprocess.Popen[bytes] | None = None
    talk: socket.socket | None = None
    pidfd: int = -1
    ready: bool = False
    since: float = 0.0
    not_before: float = 0.0
    _heard: bytes = field(default=b"")

    def start(self, command: Command, pass_fds: Sequence[int], now: float) -> None:
        """Start the worker."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                command(self.number, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                pass_fds=[*pass_fds, theirs.fileno()],
                start_new_session=True,  # Ctrl-C on a terminal is for the parent, which drains its workers
            )
        ours.setblocking(False)
        self.talk, self.ready, self.since, self._heard = ours, False, now, b""
        self.pidfd = os.pidfd_open(self.process.pid)

    def say(self, word: str) -> None:
        """Send a word; one that is gone does not hear it."""
        if self.talk is not None:
            with contextlib.suppress(OSError):
                self.talk.send(f"{word}\n".encode())

    def hear(self) -> list[str]:
        """Give the lines that have come; none when the worker has closed the line."""
        if self.talk is None:
            return []
        with contextlib.suppress(OSError):
            self._heard += self.talk.recv(65536)
        *lines, self._heard = self._heard.split(b"\n")
        return [line.decode(errors="replace") for line in lines]

    def kill(self) -> None:
        """End the worker now."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)

    def reap(self, now: float) -> int:
        """Note that the worker has ended, and when the next may start; gives its exit status."""
        status = 0 if self.process is None else self.process.wait()
        if self.talk is not None:
            self.talk.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
        self.process, self.talk, self.pidfd, self.ready = None, None, -1, False
        self.not_before = now + self.restarts.died(now - self.since)
        return status
