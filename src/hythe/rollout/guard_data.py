"""What one guard is judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hythe.statistics.evidence.sums import Arms, Number, Split, Sums


class Durations(NamedTuple):
    """The durations of one arm: how many fell into each bucket, of `n` units in all.

    Bucket i holds durations up to `bounds[i]`. Units that were never answered are in `n` only: leaving them
    out would unbalance the split.
    """

    n: Number
    buckets: Mapping[int, Number]

    def beyond(self, place: int) -> Number:
        """Count the units that took longer than `bounds[place]`."""
        found: Number = 0.0
        for bucket, count in self.buckets.items():
            if bucket > place:
                found = found + count
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardData:
    """The sums that one guard is judged on; of the three kinds, the one that its metric takes.

    `split` is for rates and means: by the candidate's share of the traffic (0 to 1, as it was drawn), the
    sums of the champion (arm a) and the candidate (arm b). Values lie between 0 and 1 as `Guard.scaled` says;
    those of a metric of which less is worse are not turned round. A unit is what was drawn: a request, or a
    key where the endpoint is sticky. `durations` are for latencies, by share as well, in buckets whose upper
    ends, in seconds and each the same factor above the one before, are `bounds`. `copies` are for shadows.
    `share` is the candidate's at present, 0 where it has none.
    """

    split: Split = field(default_factory=dict)
    durations: Mapping[float, tuple[Durations, Durations]] = field(default_factory=dict)
    bounds: Sequence[float] = ()
    copies: Sums | None = None
    share: float = 0.0

    def exceedances(self, place_a: int, place_b: int) -> Split:
        """Count durations beyond one bound in arm a and beyond another in arm b, as a split."""
        return {
            share: Arms(Sums.hits(a.n, a.beyond(place_a)), Sums.hits(b.n, b.beyond(place_b)))
            for share, (a, b) in self.durations.items()
        }
