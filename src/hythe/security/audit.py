"""The hash chain of the change log: an entry cannot be changed, dropped or moved without breaking it.

Each link is SHA-256 over the link before it and the entry's own bytes (Haber and Stornetta, "How to
time-stamp a digital document", 1991, the linear linking scheme). The last link stands for the whole
history: whoever noted it elsewhere can tell later that nothing before it was changed, and that the end
was not cut off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

GENESIS = "0" * 64
"""The link before the first entry."""


def link(previous: str, document: bytes) -> str:
    """Chain `document` to the link before it.

    >>> link(GENESIS, b"{}")[:16]
    '5649d09ed68c1715'
    """
    return hashlib.sha256(previous.encode("ascii") + b"\n" + document).hexdigest()


def first_break(entries: Iterable[tuple[bytes, str]]) -> int | None:
    """Find the first entry (counted from 0) whose stored link is not that of its bytes and its past.

    >>> good = link(GENESIS, b"one")
    >>> first_break([(b"one", good), (b"two", link(good, b"two"))])
    >>> first_break([(b"one", good), (b"TWO", link(good, b"two"))])
    1
    """
    previous = GENESIS
    for position, (document, stored) in enumerate(entries):
        if link(previous, document) != stored:
            return position
        previous = stored
    return None
