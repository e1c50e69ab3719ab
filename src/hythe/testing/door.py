"""A socket that listens, for tests of what is done with one."""

from __future__ import annotations

import socket

from hythe.runtime.listener import listen, take_address


def open_door(host: str, port: int) -> socket.socket:
    """Listen on `host` and `port`, as a server does; port 0 takes a free one; raises Unavailable."""
    door = take_address(host, port)
    listen(door)
    return door
