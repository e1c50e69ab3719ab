"""Whether a controller is at work."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hythe.operations.rollouts.controller import LEASE
from hythe.operations.rollouts.watched import controller_seen, holder_name, unattended
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    made = Catalog(Database("sqlite://"))
    yield made
    made.close()


def held_by(catalog: Catalog, holder: str) -> None:
    catalog.leases.write(catalog.leases.read(LEASE), holder)


def test_nobody_is_seen_before_the_first_and_after_the_last(catalog: Catalog) -> None:
    assert not controller_seen(catalog)
    assert "hythe control" in unattended(catalog)[0]
    held_by(catalog, holder_name())
    assert controller_seen(catalog)
    assert unattended(catalog) == ()
    held_by(catalog, "")
    assert not controller_seen(catalog)


def test_one_of_this_machine_that_was_killed_is_not_seen(catalog: Catalog) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    held_by(catalog, f"{socket.gethostname()} {ended.pid} 0")
    assert not controller_seen(catalog)


def test_one_elsewhere_is_believed_in(catalog: Catalog) -> None:
    held_by(catalog, "another-machine 1 0")
    assert controller_seen(catalog)


def test_every_process_and_every_start_has_a_name_of_its_own() -> None:
    assert str(os.getpid()) in holder_name().split()
    assert holder_name() != holder_name()
