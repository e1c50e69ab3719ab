"""What a request is recognised by, so that it goes to the same arm each time."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal, NamedTuple, TypeAlias

from hythe.base.errors import Invalid

Kind: TypeAlias = Literal["", "feature", "header", "caller"]
_KINDS = "feature:NAME, header:NAME, caller"


class Sticky(NamedTuple):
    """Where a request's key is: in a feature of its first row, in a header, or in who asks.

    >>> Sticky.parse("feature:customer_id")
    Sticky(kind='feature', name='customer_id')
    >>> bool(Sticky.parse(""))
    False
    """

    kind: Kind = ""
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Sticky:
        """Read `feature:NAME`, `header:NAME`, `caller`, or "" for no stickiness.

        Raises:
            Invalid: when it is none of these.

        """
        kind, colon, name = text.partition(":")
        if not text:
            return cls()
        if text == "caller":
            return cls("caller")
        if colon and name and kind == "feature":
            return cls("feature", name)
        if colon and name and kind == "header":
            return cls("header", name.lower())
        raise Invalid(f"the sticky key is {text!r}; give one of {_KINDS}")

    def __bool__(self) -> bool:
        """Whether there is a key at all."""
        return self.kind != ""


def key_hash(value: str) -> str:
    """Give the hash by which a key is known in records: 16 hexadecimal digits of BLAKE2b.

    >>> len(key_hash("user-7"))
    16
    """
    return blake2b(value.encode(), digest_size=8).hexdigest()
