"""Which arm answers: a pure function of the arms and a key."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b

from hythe.rollout.plan import Arm


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
    if len(arms) == 1:
        return arms[0]
    return max(arms, key=lambda arm: _draw(arm, key))


def _draw(arm: Arm, key: str) -> float:
    digest = blake2b(f"{arm.version}\0{key}".encode(), digest_size=8).digest()
    uniform = ((int.from_bytes(digest, "big") >> 12) + 0.5) * 2.0**-52
    return -arm.weight / math.log(uniform)
