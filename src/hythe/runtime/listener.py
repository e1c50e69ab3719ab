"""The listening socket that all workers share: opened by the parent, closed last."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import time

from hythe.base.errors import Unavailable

BACKLOG = 2048
"""How many connections may wait for a process to accept them."""
_TCP_INFO_QUEUE = struct.Struct("<I")
_TCP_INFO_QUEUE_AT = 24  # tcpi_unacked: of a listening socket, the connections nobody has accepted yet
_MOST_WAIT_MS = 1000
_SO_ATTACH_FILTER = 26  # Linux, asm-generic/socket.h
_FILTER = struct.Struct("HL")
_FILTER_STEP = struct.Struct("HBBI")
_DROP_BEGINNINGS = (
    (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
    (0x45, 0, 1, 0x10),  # is ACK set? only a packet that begins a connection lacks it
    (0x06, 0, 0, 0xFFFFFFFF),  # yes: pass it whole
    (0x06, 0, 0, 0),  # no: drop it
)
"""Classic BPF (Linux, Documentation/networking/filter.rst)."""


def take_address(host: str, port: int) -> socket.socket:
    """Take `host` and `port` for a socket that does not listen yet; port 0 takes a free one.

    Raises:
        Unavailable: when the address is taken, or is not this machine's.

    """
    only = [(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)] if ":" in host else []
    return _bound(host, port, (socket.SOL_SOCKET, socket.SO_REUSEADDR), *only)


def listen(door: socket.socket) -> None:
    """Let connections come to a socket from `take_address`.

    Raises:
        Unavailable: when another has begun to listen there meanwhile.

    """
    host, port = door.getsockname()[:2]
    try:
        door.listen(BACKLOG)
    except OSError as err:
        raise _taken(host, port, err) from err


def _bound(host: str, port: int, *options: tuple[int, int]) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        for level, name in options:
            found.setsockopt(level, name, 1)
        found.bind((host, port))
    except OSError as err:
        found.close()
        raise _taken(host, port, err) from err
    return found


def _taken(host: str, port: int, err: OSError) -> Unavailable:
    return Unavailable(f"cannot listen on {host} port {port}: {err.strerror}; choose another")


def address(door: socket.socket, scheme: str = "http") -> str:
    """Give the URL of a socket that has an address.

    >>> with take_address("127.0.0.1", 0) as door:
    ...     address(door).startswith("http://127.0.0.1:")
    True
    """
    host, port = door.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def reserve_port(host: str, port: int) -> socket.socket:
    """Hold a port for other processes that listen on it with SO_REUSEPORT; port 0 takes a free one.

    The socket does not listen, so no connection comes to it.

    Raises:
        Unavailable: when the address is taken, or is not this machine's.

    """
    return _bound(host, port, (socket.SOL_SOCKET, socket.SO_REUSEPORT))


def turn_away(descriptor: int) -> None:
    """Have whoever accepts from `descriptor` in this process find nobody from now on.

    The connections that wait stay with the other holders of the socket. The descriptor is made to name a
    socket that nobody can connect to, which costs a server library nothing and tells it nothing.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as nobody:
        nobody.bind("")  # Linux chooses an abstract name
        nobody.listen(1)
        nobody.setblocking(False)
        os.dup2(nobody.fileno(), descriptor, inheritable=False)


def lock_door(door: socket.socket) -> None:
    """Let nobody new in, and wait until everybody who waits has been accepted.

    A filter on the socket drops what would begin a connection, and nothing else, so handshakes under way
    finish. Who knocks now waits, and is refused when the socket is closed: no request is ever cut off.
    Shutting the socket down instead would reset whoever waits, and keep a server library busy for nothing.
    """
    program = b"".join(_FILTER_STEP.pack(*step) for step in _DROP_BEGINNINGS)
    buffer = ctypes.create_string_buffer(program)
    with contextlib.suppress(OSError):  # a kernel without filters: those who knock late are reset
        door.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            _FILTER.pack(len(_DROP_BEGINNINGS), ctypes.addressof(buffer)),
        )
    for _ in range(_MOST_WAIT_MS):
        if waiting_connections(door) == 0:
            break
        time.sleep(0.001)


def waiting_connections(door: socket.socket) -> int:
    """Count the connections that nobody has accepted yet; 0 where the kernel does not say."""
    try:
        info = door.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    except OSError:
        return 0
    queue: int = _TCP_INFO_QUEUE.unpack_from(info, _TCP_INFO_QUEUE_AT)[0]
    return queue
