"""How long to wait before starting again what died."""

from __future__ import annotations

from dataclasses import dataclass

from hythe.base.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits double from `first_s` up to `most_s`; whoever lived `stable_s` starts afresh."""

    first_s: float = 0.1
    most_s: float = 10.0
    stable_s: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.first_s <= self.most_s:
            raise Invalid(
                f"back-off from {self.first_s} to {self.most_s} s; give 0 < first_s and first_s ≤ most_s"
            )


class Restarts:
    """Counts the deaths of one thing in a row.

    >>> restarts = Restarts(Backoff(first_s=0.1, most_s=0.5))
    >>> [restarts.died(lived_s=1.0) for _ in range(4)]
    [0.1, 0.2, 0.4, 0.5]
    >>> restarts.died(lived_s=60.0)
    0.1
    """

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._in_a_row = 0

    def died(self, lived_s: float) -> float:
        """Note a death after `lived_s` seconds of life, and give the seconds to wait."""
        self._in_a_row = 1 if lived_s >= self._backoff.stable_s else self._in_a_row + 1
        return float(min(self._backoff.most_s, self._backoff.first_s * 2.0 ** min(self._in_a_row - 1, 60)))
