"""The door: a free port, an address that is taken, and turning away."""

import socket

import pytest

from hythe.base.errors import Unavailable
from hythe.runtime.listener import address, close_door, open_door, turn_away, waiting_connections


def test_port_0_takes_a_free_one_and_says_which() -> None:
    with open_door("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()):
        assert address(door) == f"http://127.0.0.1:{door.getsockname()[1]}"


def test_an_address_that_is_taken_is_refused() -> None:
    with open_door("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1 port {port}"):
            open_door("127.0.0.1", port)


def test_a_worker_that_turns_away_leaves_the_connection_to_others() -> None:
    with open_door("127.0.0.1", 0) as door:
        mine = door.dup()
        turn_away(mine.fileno())
        with socket.create_connection(door.getsockname()), mine:
            assert waiting_connections(door) == 1
            with pytest.raises(BlockingIOError):
                mine.accept()
            door.accept()[0].close()
            assert waiting_connections(door) == 0


def test_a_closed_door_refuses() -> None:
    with open_door("127.0.0.1", 0) as door:
        close_door(door)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(door.getsockname())
