"""Servers of a machine hear of changes to the catalog of their home."""

import socket
from pathlib import Path

import pytest

from hythe.registry.announce import RUN, announce, hush, listen
from hythe.registry.registry import Registry


def heard(ear: socket.socket) -> bool:
    try:
        return ear.recv(16) != b""
    except BlockingIOError:
        return False


def test_every_server_hears_of_an_edit_and_none_of_one_that_failed(tmp_path: Path) -> None:
    home = tmp_path / ("a long path " * 12)  # longer than the address of a socket may be
    home.mkdir()
    with listen(home, "1") as first, listen(home, "2") as second:
        registry = Registry.open(home)
        with registry.catalog.edit(actor="ana") as tx:
            tx.trust("sha256:" + "0" * 64)
        assert (heard(first), heard(second)) == (True, True)
        with pytest.raises(ZeroDivisionError), registry.catalog.edit(actor="ana") as tx:  # noqa: PT012
            tx.trust("sha256:" + "1" * 64)
            raise ZeroDivisionError
        assert not heard(first)
        registry.close()


def test_sockets_that_nobody_listens_on_are_removed(tmp_path: Path) -> None:
    listen(tmp_path, "dead").close()
    with listen(tmp_path, "alive") as ear:
        announce(tmp_path)
        assert heard(ear)
        assert [path.name for path in (tmp_path / RUN).iterdir()] == ["alive.sock"]
    hush(tmp_path, "alive")
    assert list((tmp_path / RUN).iterdir()) == []


def test_announcing_never_waits_and_never_fails(tmp_path: Path) -> None:
    announce(tmp_path)
    with listen(tmp_path, "slow") as ear:
        for _ in range(2000):
            announce(tmp_path)
        assert heard(ear)
