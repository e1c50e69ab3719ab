"""The sockets of this process's gRPC server, which its library keeps to itself: who may come, who is left."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from hythe.runtime import listener

_INTERNET = {socket.AF_INET, socket.AF_INET6}


def turn_away(port: int) -> None:
    """Stop listening on `port`, without a word to who connects: the kernel gives them to the next process.

    The library would answer a call that comes while it shuts down with CANCELLED, so it must not know yet.
    """
    for descriptor, item in _sockets(port):
        if item.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            listener.lock_door(item)
            listener.turn_away(descriptor)


def connected(port: int) -> int:
    """Count the connections to `port` that this process holds."""
    return sum(_has_peer(item) for _, item in _sockets(port))


def _sockets(port: int) -> Iterator[tuple[int, socket.socket]]:
    """Find the sockets bound to `port`, each with its descriptor; it is a copy, closed after its turn."""
    for descriptor in sorted(int(entry.name) for entry in Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):  # it may be closed at any moment
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            with socket.socket(fileno=os.dup(descriptor)) as item:
                if item.family in _INTERNET and item.getsockname()[1] == port:
                    yield descriptor, item


def _has_peer(item: socket.socket) -> bool:
    try:
        item.getpeername()
    except OSError:
        return False
    return True
