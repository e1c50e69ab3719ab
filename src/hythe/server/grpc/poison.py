"""What was inside a process when it died is recognised by its fingerprint, and refused the third time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from hythe.base.errors import Invalid
from hythe.runtime.fingerprints import InFlight, fingerprint


@contextlib.contextmanager
def inside(written: InFlight | None, data: bytes) -> Iterator[None]:
    """Write down that a request is in flight while the block runs; raises Invalid for one that kills."""
    if written is None:
        yield
        return
    mark = fingerprint(data)
    if written.refuses(mark):
        raise Invalid("this request was inside two processes when they died; it is not tried again")
    place = written.enter(mark)
    try:
        yield
    finally:
        written.leave(place)
