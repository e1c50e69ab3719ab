"""Which predictions are drawn into a sample: their ids alone decide, so every process and reader agrees.

A prediction id is a UUIDv7 whose last 62 bits are random (RFC 9562, section 5.7). The last 56 of them are a
fair draw, as in OpenTelemetry's consistent sampling (W3C Trace Context level 2), and no hash is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

_RANDOM = 16**14
"""How many values the last 14 digits have."""
DRAW = slice(21, None)
"""The part of an id that decides: its last 14 digits, with the hyphen between them."""


def sampled(prediction_id: str, share: float) -> bool:
    """Tell whether a prediction is in the sample of `share`; a larger share keeps what a smaller one took.

    >>> sampled("017f22e2-79b0-7000-8080-000000000000", 0.5), sampled("017f22e2-79b0-7000-807f-0ff", 0.5)
    (True, False)
    """
    return prediction_id[DRAW] >= least(share)


def drawn(prediction_ids: Sequence[str], share: float) -> list[bool]:
    """Tell of each of many predictions what `sampled` does.

    >>> drawn(["017f22e2-79b0-7000-8080-000000000000", "017f22e2-79b0-7000-807f-0ff"], 0.5)
    [True, False]
    """
    lowest = least(share)
    return [id_[DRAW] >= lowest for id_ in prediction_ids]


@lru_cache(maxsize=8)
def least(share: float) -> str:
    """Give the least `DRAW` of an id that is in the sample: as texts they compare as the numbers do.

    >>> least(1.0), least(0.25), least(0.0) > "ff-ffffffffffff"
    ('', 'c0-000000000000', True)
    """
    if share <= 0 or share >= 1:
        return "" if share >= 1 else "none"
    digits = f"{min(round((1.0 - share) * _RANDOM), _RANDOM - 1):014x}"
    return f"{digits[:2]}-{digits[2:]}"
