"""How a process beside serving knows that its time is over."""

from __future__ import annotations

import os
import select
import signal
import socket

from hythe.runtime.slot import STOP


class Ending:
    """Knows when to stop: the parent said so or is gone, or SIGTERM came to this process alone."""

    def __init__(self, parent: socket.socket) -> None:
        self._parent = parent
        self._heard = b""
        self._wake, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.set_wakeup_fd(wakes)
        signal.signal(signal.SIGTERM, lambda *_: None)

    def waited(self, seconds: float) -> bool:
        """Wait for so long, or until it is time to stop; tell whether it is."""
        ready, _, _ = select.select([self._parent.fileno(), self._wake], [], [], seconds)
        if self._parent.fileno() in ready:
            data = self._parent.recv(4096)
            self._heard += data
            if not data:
                return True
        return self._wake in ready or STOP.encode() in self._heard.split(b"\n")
