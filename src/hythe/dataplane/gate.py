"""Who may come in: a key or a token becomes a caller, and a caller's scope, rate and quota are kept."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from hythe.base.errors import Denied, Unauthenticated
from hythe.dataplane.ask import Caller
from hythe.runtime.limiter import Limit, Limiter, Policer
from hythe.security.keys import VERBS, KeyEntry, is_key, key_digest
from hythe.security.tokens import ANY_ENDPOINT, REFUSED, Issuer, Verifiers

_BEARER = re.compile(r"[Bb]earer +([!-~]+)")
_MOST_CACHED = 10_000
_K = TypeVar("_K")
_V = TypeVar("_V")


class KeyHolder(Caller, frozen=True, gc=False, kw_only=True):
    """Who came with a key; `policer` keeps the key's rate and quota."""

    expires_at: float | None = None
    policer: Policer | None = None


class TokenHolder(Caller, frozen=True, gc=False, kw_only=True):
    """Who came with a token; `grants` are pairs of verb and endpoint."""

    expires_at: float
    grants: frozenset[tuple[str, str]]

    def check(self, endpoint: str, verb: str) -> None:
        """See whether the token's scopes allow it; raises Denied."""
        if (verb, endpoint) not in self.grants and (verb, ANY_ENDPOINT) not in self.grants:
            scope = f"hythe:{verb}:{endpoint}" if endpoint else f"hythe:{verb}"
            raise Denied(f"the token of {self.name!r} is not for this; ask for one with scope {scope!r}")


Holder: TypeAlias = KeyHolder | TokenHolder
_NOBODY = KeyHolder(verbs=frozenset(VERBS) - {"admin"})


class Gate:
    """Knows the keys and issuers of one process, and who was let in with what.

    With `anonymous`, whoever shows nothing may do all but `admin`; whoever shows something wrong never may
    come in. `now` gives seconds since 1970.
    """

    def __init__(
        self, limiter: Limiter, *, anonymous: bool = False, now: Callable[[], float] = time.time
    ) -> None:
        self._limiter = limiter
        self._anonymous = anonymous
        self._now = now
        self.update((), ())

    def update(self, keys: Sequence[KeyEntry], issuers: Sequence[Issuer] = ()) -> None:
        """Go by these keys and issuers from now on; what was known of others is forgotten at once.

        Raises:
            Unsupported: when there are issuers, and PyJWT is not installed.
            Corrupt: when an issuer's public keys cannot be read. What stood before stands on.

        """
        self._known = _Known(keys, issuers, self._limiter)
        self._callers = self._known.callers

    def identify(self, authorization: str | None) -> Caller:
        """Tell who shows `authorization`: `Bearer KEY`, `Bearer TOKEN`, or a key by itself.

        Raises:
            Unauthenticated: the same words whatever is wrong.

        """
        try:
            caller = self._callers[authorization]
        except KeyError:
            caller = self._learn(authorization)
        # Most keys never expire, and asking the clock takes as long as all the rest.
        if caller.expires_at is not None and caller.expires_at <= self._now():
            raise Unauthenticated(REFUSED)
        return caller

    def admit(self, caller: Caller, endpoint: str, verb: str) -> None:
        """See whether the caller may do this, and has not done too much; `endpoint` is "" for none.

        Raises:
            Denied: when the key or token is not for this.
            Busy: when its rate or quota is used up, with the time until it is not.

        """
        caller.check(endpoint, verb)
        if type(caller) is KeyHolder and caller.policer is not None:
            caller.policer.take()

    def _learn(self, authorization: str | None) -> Holder:
        if authorization is not None:
            return self._known.learn(authorization)
        if not self._anonymous:
            raise Unauthenticated(
                "this server wants a key; send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"
            )
        self._callers[None] = _NOBODY
        return _NOBODY


class _Known:
    """The keys and issuers of one update, and who was recognised by them since.

    One object holds it all, so that a thread that began before an update cannot write what it found into
    what is valid after.
    """

    def __init__(self, keys: Iterable[KeyEntry], issuers: Iterable[Issuer], limiter: Limiter) -> None:
        self.callers: dict[str | None, Holder] = {}
        self._tokens: dict[bytes, TokenHolder] = {}
        self._keys = {entry.digest: entry for entry in keys}
        self._limiter = limiter
        self._verifiers = Verifiers(issuers)

    def learn(self, authorization: str) -> Holder:
        """Find out who shows this, and remember it; raises Unauthenticated."""
        found = _BEARER.fullmatch(authorization)
        text = found[1] if found else authorization
        if is_key(text):
            holder = self._key_holder(text)
            _remember(self.callers, authorization, holder)
            return holder
        if not found:
            raise Unauthenticated(REFUSED)
        return self._token_holder(text)

    def _key_holder(self, text: str) -> KeyHolder:
        entry = self._keys.get(key_digest(text))
        if entry is None:
            raise Unauthenticated(REFUSED)
        limit = Limit.of(entry.rate_per_s, entry.burst, entry.quota, entry.quota_period_s)
        bounded = entry.rate_per_s is not None or entry.quota is not None
        return KeyHolder(
            entry.id,
            endpoints=None if entry.endpoints is None else frozenset(entry.endpoints),
            verbs=None if entry.verbs is None else frozenset(entry.verbs),
            place=entry.place,
            expires_at=entry.expires_at,
            policer=self._limiter.policer(entry.place, limit) if bounded else None,
        )

    def _token_holder(self, text: str) -> TokenHolder:
        """Check a token once; its digest is remembered, not its text, which may have kilobytes."""
        digest = hashlib.sha256(text.encode()).digest()
        holder = self._tokens.get(digest)
        if holder is None:
            token = self._verifiers.verify(text)
            holder = TokenHolder(token.subject, grants=token.grants, expires_at=token.expires_at)
            _remember(self._tokens, digest, holder)
        return holder


def _remember(cache: dict[_K, _V], key: _K, value: _V) -> None:
    """Remember one more, and forget the oldest when there are too many."""
    if len(cache) >= _MOST_CACHED:
        del cache[next(iter(cache))]
    cache[key] = value
