"""Whoever holds the lease takes turns; whoever loses it begins anew when it comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hythe.base.errors import Unavailable
from hythe.operations.leading import lead
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.leases import Claim
from hythe.runtime.log import Log
from hythe.testing.fake_clock import FakeClock

LOG = Log("hythe.test")


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    made = Catalog(Database("sqlite://"))
    yield made
    made.close()


class Script:
    """A stop that lets so many turns pass, a second each, and does something before some of them."""

    def __init__(self, clock: FakeClock, turns: int) -> None:
        self.clock, self.left = clock, turns

    def is_set(self) -> bool:
        return self.left == 0

    def wait(self, timeout: float | None = None) -> bool:
        self.clock.tick(timeout or 0.0)
        self.left -= 1
        return self.is_set()


class Counting:
    """Turns that are counted; the last of `faults` is raised by each until none is left."""

    def __init__(self, faults: list[Unavailable] | None = None) -> None:
        self.turns, self.faults = 0, faults or []

    def turn(self) -> None:
        self.turns += 1
        if self.faults:
            raise self.faults.pop()


def claim(catalog: Catalog, clock: FakeClock, holder: str) -> Claim:
    return Claim(catalog.leases, "work", holder, clock.monotonic_s, 10.0)


def test_the_holder_takes_turns_and_gives_the_lease_back(catalog: Catalog) -> None:
    clock, made, heard = FakeClock(), list[Counting](), list[bool]()

    def make() -> Counting:
        made.append(Counting())
        return made[-1]

    lead(
        claim(catalog, clock, "a"),
        Script(clock, 5),
        make,
        turn_s=1.0,
        log=LOG,
        halted="-",
        on_turn=heard.append,
    )
    assert ([each.turns for each in made], heard) == ([5], [True] * 5)
    assert catalog.leases.read("work").holder == ""


def test_whoever_does_not_hold_it_stands_by(catalog: Catalog) -> None:
    clock, heard = FakeClock(), list[bool]()
    assert claim(catalog, clock, "a").held()
    lead(
        claim(catalog, clock, "b"), Script(clock, 12), Counting, turn_s=1.0, log=LOG, halted="-",
        on_turn=heard.append,
    )  # fmt: skip
    assert heard == [False] * 10 + [True] * 2


def test_whoever_lost_it_knows_nothing_when_it_comes_back(catalog: Catalog) -> None:
    clock, made = FakeClock(), list[Counting]()
    other = claim(catalog, clock, "b")

    class Taken(Script):
        def wait(self, timeout: float | None = None) -> bool:
            if self.left == 4:
                catalog.leases.write(catalog.leases.read("work"), "b")
            elif self.left == 2:
                assert other.held()
                other.release()
            return super().wait(timeout)

    def make() -> Counting:
        made.append(Counting())
        return made[-1]

    lead(claim(catalog, clock, "a"), Taken(clock, 8), make, turn_s=4.0, log=LOG, halted="-")
    assert len(made) == 2
    assert sum(each.turns for each in made) < 8


def test_a_catalog_that_is_gone_is_waited_for_and_told_once(
    catalog: Catalog, capfd: pytest.CaptureFixture[str]
) -> None:
    clock, counting = FakeClock(), Counting([Unavailable("gone"), Unavailable("gone")])
    lead(
        claim(catalog, clock, "a"), Script(clock, 4), lambda: counting, turn_s=1.0, log=LOG,
        halted="nothing is done now",
    )  # fmt: skip
    assert counting.turns == 4
    assert capfd.readouterr().err.count("nothing is done now") == 1
