"""The door: a free port, an address that is taken, and turning away."""

import errno
import select
import socket
import threading

import pytest

from hythe.base.errors import Unavailable
from hythe.runtime.listener import (
    address,
    listen,
    lock_door,
    take_address,
    turn_away,
    waiting_connections,
)
from hythe.testing.door import open_door


def test_port_0_takes_a_free_one_and_says_which() -> None:
    with open_door("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()):
        assert address(door) == f"http://127.0.0.1:{door.getsockname()[1]}"


def test_an_address_that_is_taken_is_refused() -> None:
    with open_door("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1 port {port}"):
            open_door("127.0.0.1", port)


def test_an_address_that_is_taken_lets_nobody_in_before_it_listens() -> None:
    with take_address("127.0.0.1", 0) as door:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(door.getsockname())
        listen(door)
        socket.create_connection(door.getsockname()).close()


def test_of_two_that_took_an_address_the_second_to_listen_is_refused() -> None:
    with take_address("127.0.0.1", 0) as first, take_address(*first.getsockname()) as second:
        listen(first)
        with pytest.raises(Unavailable, match=f"port {first.getsockname()[1]}: Address already in use"):
            listen(second)


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


def test_a_locked_door_keeps_who_is_in_and_refuses_who_comes_late() -> None:
    with open_door("127.0.0.1", 0) as door:
        address = door.getsockname()
        with socket.create_connection(address) as early, socket.socket() as late:
            inside, _ = door.accept()
            lock_door(door)
            late.setblocking(False)
            assert late.connect_ex(address) == errno.EINPROGRESS
            early.sendall(b"still here")
            assert inside.recv(10) == b"still here"
            inside.close()
            door.close()
            assert select.select([], [late], [], 10)[1], "who waits is never told"
            assert late.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def test_a_locked_door_waits_for_who_is_about_to_come_in() -> None:
    accepted: list[socket.socket] = []
    with open_door("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()):
        acceptor = threading.Timer(0.02, lambda: accepted.append(door.accept()[0]))
        acceptor.start()
        lock_door(door)
        assert waiting_connections(door) == 0
        acceptor.join()
        accepted.pop().close()
