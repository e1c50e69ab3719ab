"""Tell the servers of this machine that the catalog has changed, so that they look at once.

Each server listens on a datagram socket in the folder `run` of its home. A word that is lost costs nothing
but time: servers also look by themselves, as a rule each second.
"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

RUN = "run"
_LOOK = b"look"


def announce(home: Path) -> None:
    """Tell every server that uses `home`; sockets that nobody listens on any more are removed."""
    with contextlib.suppress(FileNotFoundError):
        folder = os.open(home / RUN, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as voice:
                voice.setblocking(False)
                for name in os.listdir(folder):  # noqa: PTH208 - the open folder, not its path
                    _tell(voice, folder, name)
        finally:
            os.close(folder)


def listen(home: Path, name: str) -> socket.socket:
    """Give the socket on which the server `name` hears of changes.

    Raises:
        OSError: when the home cannot be written to.

    """
    place = home / RUN
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{name}.sock"
    path.unlink(missing_ok=True)
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        ear.setblocking(False)
        ear.bind(_short(folder, path.name))
    except OSError:
        ear.close()
        raise
    finally:
        os.close(folder)
    return ear


def hush(home: Path, name: str) -> None:
    """Remove the socket of the server `name`, which has ended."""
    with contextlib.suppress(OSError):
        (home / RUN / f"{name}.sock").unlink()


def _tell(voice: socket.socket, folder: int, name: str) -> None:
    try:
        voice.sendto(_LOOK, _short(folder, name))
    except ConnectionRefusedError:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)
    except OSError:  # its queue is full, so that it will look anyway; or it has just gone
        pass


def _short(folder: int, name: str) -> str:
    """Name a socket by its open folder: an address has room for 107 characters, a path may be longer."""
    return f"/proc/self/fd/{folder}/{name}"
