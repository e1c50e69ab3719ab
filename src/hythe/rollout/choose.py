"""Which arm answers: a pure function of the arms and a key."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from math import log
from struct import Struct

from hythe.rollout.plan import Arm

_first = Struct(">Q").unpack_from
"""Reads the first 64 bits."""


def choose(arms: Sequence[Arm], key: str) -> Arm:
    """Pick the arm for `key`; the same key always gets the same arm while weights stand.

    Weighted rendezvous hashing (Schindelhauer and Schomaker 2005, logarithmic method): each arm draws
    -weight / ln(u) with u hashed from the arm and the key, and the greatest draw wins. Shares are
    proportional to weights, and a change of one weight moves only keys to or from that arm.

    >>> arms = [Arm("1.0.0", "sha256:0a", 90), Arm("1.1.0", "sha256:0b", 10)]
    >>> choose(arms, "user-7") == choose(arms, "user-7")
    True
    >>> 70 < sum(choose(arms, f"user-{i}").version == "1.1.0" for i in range(1000)) < 130
    True
    """
    chosen = arms[0]
    if len(arms) == 1:
        return chosen
    # One loop without helpers: every request of a split comes by.
    greatest = -1.0
    for arm in arms:
        weight = arm.weight
        if weight:
            (number,) = _first(blake2b(f"{arm.version}\0{key}".encode()).digest())
            draw = -weight / log(((number >> 12) + 0.5) * 2.0**-52)
            if draw > greatest:
                chosen, greatest = arm, draw
    return chosen
