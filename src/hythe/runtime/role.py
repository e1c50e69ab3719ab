"""One kind of process of a server, and how many of it there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hythe.base.errors import Invalid

Command = Callable[[int, int], Sequence[str]]
"""Gives the command line of the process in a place, which talks over a file descriptor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """How processes of a kind are started: `count` of them, each in one of `places`.

    Whatever processes share gives each place a part of its own. A role has one place more than processes
    where a new process starts before the old one ends. Roles that serve take traffic: all of them must be
    ready before the server is, and they end first. The others may die without anybody noticing. What is
    published for processes that `read` it is kept until all of them have moved on. `inherit` are the
    descriptors that a process needs; `nice` is added to its niceness.
    """

    name: str
    command: Command
    places: Sequence[int]
    count: int = 1
    serves: bool = False
    reads: bool = False
    inherit: Sequence[int] = ()
    nice: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= len(self.places):
            raise Invalid(
                f"{self.count} processes of {self.name} in {len(self.places)} places; give 1 or more"
            )


class Beside(Protocol):
    """More processes that a server's parent looks after, in `places` places of their own."""

    @property
    def places(self) -> int:
        """How many places they need."""
        ...

    def roles(self, first: int) -> Sequence[Role]:
        """Give their roles, in the places from `first` on."""
        ...
