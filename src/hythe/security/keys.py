"""API keys: the text that a client holds, the digest that Hythe keeps, and what a key may do.

A key reads `hk_<id>_<secret>`. The prefix and the checksum at its end let secret scanners and people tell
it from other text, as GitHub's tokens do ("Behind GitHub's new authentication token formats", 2021): the
last 6 characters are CRC-32 of all before them.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import zlib
from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import msgspec

from hythe.base.errors import Invalid

Verb: TypeAlias = Literal["predict", "explain", "feedback", "metrics", "view", "admin"]
VERBS: tuple[Verb, ...] = get_args(Verb)
"""Everything that a key can be for; a closed list, so that a misspelt verb is refused when a key is made."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ID_BYTES, _ID_DIGITS, _ID_BASE = 8, 10, 36
_SECRET_BYTES, _SECRET_DIGITS, _SECRET_BASE = 32, 43, 62
_CHECK_DIGITS = 6
_KEY = re.compile(r"hk_[0-9a-z]{10}_[0-9A-Za-z]{49}")


class NewKey(msgspec.Struct, frozen=True):
    """A key just made: `text` is for its owner and is never stored, `digest` is what is stored."""

    id: str
    text: str
    digest: str


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """What a key is for, and how much of it.

    `endpoints` and `verbs` are what it may use, None for all. `rate_per_s` requests a second are let
    through, `burst` at once; `quota` requests in each period of `quota_period_s` seconds since 1970 (a day
    is a UTC day); None is no limit. Raises Invalid when a value does not fit.
    """

    endpoints: tuple[str, ...] | None = None
    verbs: tuple[Verb, ...] | None = None
    rate_per_s: float | None = None
    burst: int = 1
    quota: int | None = None
    quota_period_s: int = 86_400

    def __post_init__(self) -> None:
        for verb in self.verbs or ():
            if verb not in VERBS:
                raise Invalid(f"there is no verb {verb!r}; the verbs are {', '.join(VERBS)}")
        if self.rate_per_s is not None and not 0 < self.rate_per_s < math.inf:
            raise Invalid(f"the rate is {self.rate_per_s} a second; give more than 0")
        if self.burst < 1:
            raise Invalid(f"the burst is {self.burst}; give 1 or more")
        if self.quota is not None and (self.quota < 1 or self.quota_period_s < 1):
            raise Invalid(f"the quota is {self.quota} in {self.quota_period_s} s; give 1 or more")


class KeyEntry(Permit, frozen=True, kw_only=True):
    """A key as serving processes know it.

    `digest` is SHA-256 of the key's text in hexadecimal. `expires_at` is in seconds since 1970, None for
    never. `place` is where its use is counted in the shared memory of the limiter.
    """

    digest: str
    id: str
    place: int
    name: str = ""
    expires_at: float | None = None


def new_key(entropy: Callable[[int], bytes] = os.urandom) -> NewKey:
    """Make a key with 256 secret bits.

    >>> key = new_key(entropy=bytes)
    >>> key.text
    'hk_0000000000_00000000000000000000000000000000000000000001awhIb'
    >>> is_key(key.text), key.digest == key_digest(key.text)
    (True, True)
    """
    key_id = _digits(entropy(_ID_BYTES), _ID_BASE, _ID_DIGITS)
    body = f"hk_{key_id}_{_digits(entropy(_SECRET_BYTES), _SECRET_BASE, _SECRET_DIGITS)}"
    text = body + _checksum(body)
    return NewKey(key_id, text, key_digest(text))


def is_key(text: str) -> bool:
    """Tell whether `text` has the form of a key, checksum included; not whether anybody made it."""
    return _KEY.fullmatch(text) is not None and _checksum(text[:-_CHECK_DIGITS]) == text[-_CHECK_DIGITS:]


def key_digest(text: str) -> str:
    """Give what is stored of a key: SHA-256, in hexadecimal.

    A fast hash is right here: the secret has 256 random bits, so nobody can try them all. And because keys
    are looked up by this digest, there is nothing to compare in constant time: how far a lookup got tells
    about the digest, from which no secret follows.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    return _digits(zlib.crc32(body.encode()).to_bytes(4), _SECRET_BASE, _CHECK_DIGITS)


def _digits(data: bytes, base: int, count: int) -> str:
    number = int.from_bytes(data)
    digits = []
    for _ in range(count):
        number, digit = divmod(number, base)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
