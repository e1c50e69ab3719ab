"""What a process is told at its start: a struct in a file that lives in memory, which it inherits."""

from __future__ import annotations

import os
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def into_memory(told: msgspec.Struct, name: str) -> int:
    """Write it down; give the descriptor, for children to inherit. `name` is what tools show.

    >>> Told = msgspec.defstruct("Told", [("port", int)])
    >>> descriptor = into_memory(Told(8080), "example")
    >>> from_memory(descriptor, Told)
    Told(port=8080)
    >>> os.close(descriptor)
    """
    descriptor = os.memfd_create(name)
    os.write(descriptor, msgspec.json.encode(told))
    return descriptor


def from_memory(descriptor: int, kind: type[T]) -> T:
    """Read what `into_memory` wrote, any number of times."""
    return msgspec.json.decode(os.pread(descriptor, os.fstat(descriptor).st_size, 0), type=kind)
