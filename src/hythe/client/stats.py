"""What a client counts of its own work."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stats:
    """Counts since the client was made.

    `calls` are calls of the client's methods, of which `failed` raised; `tries` are requests on the wire,
    of which `repeated` were not the first of their call. `dropped` are connections that broke while a
    request was inside, as when a worker is killed; `unreached` are tries that found nobody listening;
    `turned_away` are answers of 429, 502, 503 and 504; `out_of_budget` are calls that were not tried again
    because too many others had been.
    """

    calls: int = 0
    failed: int = 0
    tries: int = 0
    repeated: int = 0
    dropped: int = 0
    unreached: int = 0
    turned_away: int = 0
    out_of_budget: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def count(self, *names: str) -> None:
        """Add one to each of `names`."""
        with self._lock:
            for name in names:
                setattr(self, name, getattr(self, name) + 1)
