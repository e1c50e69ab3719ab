"""What is read of a batch beside what its model is fed."""

from __future__ import annotations

import msgspec

from hythe.bundle.feed import Feed

NUMBERS, CODES, TIMES = "seen_numbers", "seen_codes", "seen_times"
"""The names of the arrays that are read beside a model's input."""


class Observing(msgspec.Struct, frozen=True, omit_defaults=True):
    """The features that a model's input does not tell: `feed` gives `seen_numbers` and `seen_codes`.

    The timestamp columns `times` give `seen_times`, float64 [rows, columns], in seconds since 1970.
    """

    feed: Feed = Feed()
    times: tuple[str, ...] = ()
