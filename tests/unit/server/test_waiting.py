"""Processes that serve wait for what there is to serve, and no longer than their parent lives."""

import socket
import sys
import threading

from hythe.runtime.bulletin import Bulletin
from hythe.runtime.slot import STOP
from hythe.server.waiting import wait_for_posting


def test_it_ends_when_something_is_published() -> None:
    bulletin = Bulletin.create(4096)
    ours, theirs = socket.socketpair()
    answers: list[bool] = []
    with ours, theirs:
        waiting = threading.Thread(
            target=lambda: answers.append(wait_for_posting(bulletin.descriptor, theirs.fileno()))
        )
        waiting.start()
        assert answers == []
        bulletin.publish(b"{}")
        waiting.join(30)
        assert answers == [True]


def test_it_ends_when_the_parent_is_gone_or_says_stop() -> None:
    bulletin = Bulletin.create(4096)
    for word in (f"{STOP}\n".encode(), b""):
        ours, theirs = socket.socketpair()
        with theirs:
            ours.sendall(word)
            ours.close()
            assert not wait_for_posting(bulletin.descriptor, theirs.fileno())


def test_what_is_imported_is_imported_only_while_there_is_nothing_to_serve() -> None:
    sys.modules.pop("colorsys", None)
    bulletin = Bulletin.create(4096)
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        assert not wait_for_posting(bulletin.descriptor, theirs.fileno(), ("not_installed", "colorsys"))
        assert "colorsys" in sys.modules
        del sys.modules["colorsys"]
        bulletin.publish(b"{}")
        assert wait_for_posting(bulletin.descriptor, theirs.fileno(), ("colorsys",))
        assert "colorsys" not in sys.modules
