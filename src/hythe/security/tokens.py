"""Tokens of an OIDC issuer (JWT, RFC 7519), checked by the issuer's public keys (JWKS, RFC 7517).

Only signatures by public keys are taken, each key for the algorithms of its own kind: no token says how it
wants to be checked (RFC 8725, sections 3.1 and 3.2). A token's scopes `hythe:<verb>:<endpoint>` and
`hythe:<verb>` say what it is for; one without any may do nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import msgspec

from hythe.base.errors import Corrupt, Invalid, Unauthenticated, Unsupported
from hythe.security.keys import VERBS

if TYPE_CHECKING:
    from jwt import PyJWK

Algorithm: TypeAlias = Literal["RS256", "PS256", "ES256", "EdDSA"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
ANY_ENDPOINT = "*"

_OF_KIND: Mapping[tuple[str, str], tuple[Algorithm, ...]] = {
    ("RSA", ""): ("RS256", "PS256"),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
_REQUIRED = ["exp", "iss", "aud", "sub"]
_LONGEST = 16_384
_MOST_LEEWAY_S = 300.0
REFUSED = "the key or token is not valid; ask for a new one"
"""All that is ever said about a wrong key or token: which part was wrong would help to guess it."""


class Issuer(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who issues tokens, and which of them are for this server.

    `url` and `audience` must be the token's `iss` and `aud`. The public keys are at `jwks_from`, a file or
    a URL; where it is empty, the issuer's own description says where (OpenID Connect Discovery 1.0). `jwks`
    is that document. Clocks may differ by `leeway_s`. `scope_claim` holds the scopes, a list or words.
    """

    url: str
    audience: str
    jwks_from: str = ""
    jwks: bytes = b""
    algorithms: tuple[Algorithm, ...] = ALGORITHMS
    leeway_s: float = 30.0
    scope_claim: str = "scope"

    def __post_init__(self) -> None:
        if not self.url or not self.audience:
            raise Invalid("an issuer has no url or no audience; give both, as its tokens have them")
        unknown = sorted(set(self.algorithms) - set(ALGORITHMS))
        if unknown or not self.algorithms:
            raise Invalid(f"algorithms {', '.join(unknown) or 'none'}; choose from {', '.join(ALGORITHMS)}")
        if not 0 <= self.leeway_s <= _MOST_LEEWAY_S:
            raise Invalid(f"leeway_s is {self.leeway_s}; use 0 to {_MOST_LEEWAY_S:g}")


class Token(msgspec.Struct, frozen=True):
    """A token that was checked: whose it is, pairs of verb and endpoint, and its end in s since 1970.

    The endpoint `*` is any.
    """

    subject: str
    grants: frozenset[tuple[str, str]]
    expires_at: float


class Verifier:
    """Checks tokens of one issuer.

    Raises:
        Unsupported: when PyJWT is not installed.
        Corrupt: when the issuer's document holds no key for its algorithms.

    """

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self._keys = _public_keys(issuer)

    def verify(self, text: str) -> Token:
        """Check a token's signature and claims; raises Unauthenticated, never saying what is wrong."""
        import jwt

        issuer = self.issuer
        try:
            header = jwt.get_unverified_header(text)
            algorithm = str(header.get("alg"))
            claims = jwt.decode(
                text,
                self._key(header.get("kid"), algorithm),
                algorithms=[algorithm],
                audience=issuer.audience,
                issuer=issuer.url,
                leeway=issuer.leeway_s,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
            expires_at = float(claims["exp"]) + issuer.leeway_s
        except (jwt.PyJWTError, LookupError, TypeError, ValueError) as err:
            raise Unauthenticated(REFUSED) from err
        return Token(claims["sub"], grants(_words(claims.get(issuer.scope_claim))), expires_at)

    def _key(self, key_id: Any, algorithm: str) -> PyJWK:
        """Find the one key that the header can mean; without a name, there must be no choice."""
        keys = self._keys[algorithm]
        if key_id is None and len(keys) == 1:
            return next(iter(keys.values()))
        return keys[key_id]


class Verifiers:
    """Checks tokens of several issuers, or for several audiences; raises as `Verifier` does."""

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        self._of_url: dict[str, list[Verifier]] = defaultdict(list)
        for issuer in issuers:
            self._of_url[issuer.url].append(Verifier(issuer))

    def verify(self, text: str) -> Token:
        """Check a token by the keys of the issuer that it names; raises Unauthenticated."""
        verifiers = self._of_url.get(_claimed_issuer(text), ()) if self._of_url else ()
        for verifier in verifiers:
            with suppress(Unauthenticated):  # it may be for another audience
                return verifier.verify(text)
        raise Unauthenticated(REFUSED)


def grants(scopes: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Read what scopes allow, as pairs of verb and endpoint; scopes for others mean nothing here.

    >>> sorted(grants(["openid", "hythe:predict:churn", "hythe:metrics"]))
    [('metrics', '*'), ('predict', 'churn')]
    """
    found = set()
    for scope in scopes:
        ours, _, rest = scope.partition(":")
        verb, colon, endpoint = rest.partition(":")
        if ours == "hythe" and verb in VERBS and bool(colon) == bool(endpoint):
            found.add((verb, endpoint or ANY_ENDPOINT))
    return frozenset(found)


def _claimed_issuer(text: str) -> str:
    """Read whose token this says it is, unchecked: it chooses the keys that it is checked by."""
    import jwt

    if len(text) > _LONGEST:
        return ""
    try:
        return str(jwt.decode(text, options={"verify_signature": False}).get("iss"))
    except (jwt.PyJWTError, ValueError):
        return ""


def _words(claim: Any) -> list[str]:
    if isinstance(claim, str):
        return claim.split()
    return [word for word in claim if isinstance(word, str)] if isinstance(claim, list) else []


def _public_keys(issuer: Issuer) -> Mapping[str, Mapping[str | None, PyJWK]]:
    """Read the issuer's keys, by algorithm and name; keys that are not for signatures are left out."""
    try:
        from jwt import PyJWK
        from jwt.exceptions import PyJWTError
    except ModuleNotFoundError as err:
        raise Unsupported("tokens need PyJWT and cryptography; install 'hythe[oidc]'") from err
    found: dict[str, dict[str | None, PyJWK]] = defaultdict(dict)
    for item in _listed(issuer):
        for algorithm in _algorithms(item):
            if algorithm in issuer.algorithms:
                try:
                    found[algorithm][_name(item)] = PyJWK(item, algorithm)
                except PyJWTError:  # RFC 7517, section 5: keys that one cannot use are passed over
                    continue
    if not found:
        raise Corrupt(
            f"the JWKS of {issuer.url} has no key for {', '.join(issuer.algorithms)}; see 'jwks_from'"
        )
    return dict(found)


def _listed(issuer: Issuer) -> list[dict[str, Any]]:
    try:
        document = msgspec.json.decode(issuer.jwks, type=dict[str, Any])
    except msgspec.DecodeError as err:
        raise Corrupt(f"the JWKS of {issuer.url} cannot be read: {err}; see 'jwks_from'") from err
    keys = document.get("keys")
    return [item for item in keys if isinstance(item, dict)] if isinstance(keys, list) else []


def _algorithms(item: Mapping[str, Any]) -> tuple[Algorithm, ...]:
    """Say which algorithms a key is for, by its kind and by what it says itself."""
    kind = (str(item.get("kty")), str(item.get("crv", "")))
    known = _OF_KIND.get(kind, ())
    if item.get("use", "sig") != "sig" or "verify" not in item.get("key_ops", ["verify"]):
        return ()
    return tuple(algorithm for algorithm in known if item.get("alg", algorithm) == algorithm)


def _name(item: Mapping[str, Any]) -> str | None:
    return str(item["kid"]) if "kid" in item else None
