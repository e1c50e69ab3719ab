"""What the parent of a server keeps about its processes in memory that they share."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.runtime.bulletin import Bulletin
from hythe.runtime.fingerprints import Crashes


class Ledger:
    """Who may still need which published files, and which requests were inside what crashed."""

    def __init__(self, bulletin: Bulletin, crashes: Crashes) -> None:
        self._bulletin = bulletin
        self._crashes = crashes

    def started(self, place: int) -> None:
        """Note that a process starts in `place`."""
        self._bulletin.hold(place)

    def ended(self, place: int, *, crashed: bool) -> list[int]:
        """Note that the process in `place` has ended; give the fingerprints that are refused from now on."""
        self._bulletin.release(place)
        if crashed:
            return self._crashes.crashed_in(place)
        self._crashes.forget(place)
        return []

    def crashed_with(self, requests: Iterable[int]) -> list[int]:
        """Note that a child of a process crashed at these requests; as `ended`."""
        return self._crashes.crashed_with(requests)
