"""Only tokens that the issuer signed, for us and for now, are taken; another library makes them."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from hythe.base.errors import Corrupt, Invalid, Unauthenticated
from hythe.security.tokens import ALGORITHMS, Issuer, Token, Verifier, Verifiers

URL, AUDIENCE = "https://issuer.example", "hythe"
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
KEYS: dict[str, Any] = {"RS256": RSA, "PS256": RSA, "ES256": EC, "EdDSA": ED}


def jwks(*keys: Any) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


ISSUER = Issuer(url=URL, audience=AUDIENCE, jwks=jwks(RSA, EC, ED))


def token(
    algorithm: str = "ES256", key: Any = None, header: dict[str, Any] | None = None, **claims: Any
) -> str:
    """Sign a token; numbers for `exp`, `iat` and `nbf` count from now."""
    key = key or KEYS[algorithm]
    head = {"alg": algorithm, "kid": key.kid, **(header or {})}
    body = {"iss": URL, "aud": AUDIENCE, "sub": "ana", "exp": 600, "iat": 0, **claims}
    now = int(time.time())
    body |= {name: now + body[name] for name in ("exp", "iat", "nbf") if isinstance(body.get(name), int)}
    head, body = ({k: v for k, v in part.items() if v is not None} for part in (head, body))
    return jwt.encode(head, body, key, algorithms=[algorithm])


def encoded(part: Any) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    body = {"iss": URL, "aud": AUDIENCE, "sub": "eve", "exp": int(time.time()) + 600}
    signed = f"{encoded(header)}.{encoded(body)}"
    return f"{signed}.{encoded(sign(signed.encode()))}"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # RFC 9864 renames it; issuers still write it so
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_signed_by_each_algorithm_is_taken(algorithm: str) -> None:
    before = int(time.time())
    found = Verifier(ISSUER).verify(token(algorithm, scope="openid hythe:predict:churn"))
    assert found == Token("ana", frozenset({("predict", "churn")}), found.expires_at)
    assert before + 600 + 30 <= found.expires_at <= time.time() + 600 + 30


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": -31},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 60},
        {"iat": 60},
        {"aud": "others"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": 7},
    ],
    ids=lambda claims: "-".join(f"{name} {type(value).__name__}" for name, value in claims.items()),
)
def test_a_token_with_a_wrong_claim_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated, match=r"^the key or token is not valid; ask for a new one$"):
        Verifier(ISSUER).verify(token(**claims))


def test_clocks_may_differ_by_the_leeway() -> None:
    assert Verifier(ISSUER).verify(token(exp=-5, nbf=20)).subject == "ana"


def test_a_token_for_several_audiences_is_taken() -> None:
    assert Verifier(ISSUER).verify(token(aud=["others", AUDIENCE])).subject == "ana"


def test_an_unsigned_token_is_refused() -> None:
    for name in ("none", "None", "NONE"):
        with pytest.raises(Unauthenticated):
            Verifier(ISSUER).verify(forged({"alg": name, "kid": "ec"}, lambda _: b""))


@pytest.mark.parametrize("form", ["pem", "jwk"])
def test_a_public_key_used_as_a_shared_secret_is_refused(form: str) -> None:
    if form == "pem":
        secret = RSA.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    else:
        secret = json.dumps(RSA.as_dict(private=False)).encode()
    text = forged({"alg": "HS256", "kid": "rsa"}, lambda data: hmac.digest(secret, data, hashlib.sha256))
    with pytest.raises(Unauthenticated):
        Verifier(ISSUER).verify(text)


def test_a_shared_secret_in_the_document_is_never_used() -> None:
    shared = OctKey.generate_key(256, {"kid": "shared"})
    both = {"keys": [shared.as_dict(), EC.as_dict(private=False)]}
    issuer = Issuer(url=URL, audience=AUDIENCE, jwks=json.dumps(both).encode())
    with pytest.raises(Unauthenticated):
        Verifier(issuer).verify(token("HS256", shared))
    with pytest.raises(Corrupt, match="has no key"):
        Verifier(Issuer(url=URL, audience=AUDIENCE, jwks=json.dumps({"keys": [shared.as_dict()]}).encode()))


def test_an_algorithm_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        Verifier(Issuer(url=URL, audience=AUDIENCE, jwks=jwks(RSA, EC), algorithms=("RS256",))).verify(
            token()
        )


def test_a_key_that_says_its_algorithm_serves_no_other() -> None:
    fixed = RSAKey.import_key({**RSA.as_dict(private=True), "alg": "RS256"})
    issuer = Issuer(url=URL, audience=AUDIENCE, jwks=jwks(fixed))
    assert Verifier(issuer).verify(token("RS256")).subject == "ana"
    with pytest.raises(Unauthenticated):
        Verifier(issuer).verify(token("PS256"))


def test_a_key_for_encryption_signs_nothing() -> None:
    other = ECKey.import_key({**EC.as_dict(private=True), "use": "enc"})
    with pytest.raises(Unauthenticated):
        Verifier(Issuer(url=URL, audience=AUDIENCE, jwks=jwks(RSA, other))).verify(token())


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # it says of the key what we test
def test_a_signature_by_an_rsa_key_that_is_too_short_is_refused() -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - what must be refused
    key = RSAKey.import_key(short.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    issuer = Issuer(url=URL, audience=AUDIENCE, jwks=jwks(key))
    with pytest.raises(Unauthenticated):
        Verifier(issuer).verify(token("RS256", key))


def test_a_strangers_signature_under_a_known_key_id_is_refused() -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "ec"})
    with pytest.raises(Unauthenticated):
        Verifier(ISSUER).verify(token("ES256", stranger))


def test_a_key_inside_the_token_is_not_believed() -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "new"})
    with pytest.raises(Unauthenticated):
        Verifier(ISSUER).verify(token("ES256", stranger, {"jwk": stranger.as_dict(private=False)}))


def test_after_a_rotation_old_and_new_keys_are_known_by_name() -> None:
    newer = ECKey.generate_key("P-256", {"kid": "ec-2"})
    verifier = Verifier(Issuer(url=URL, audience=AUDIENCE, jwks=jwks(EC, newer)))
    assert verifier.verify(token()).subject == verifier.verify(token("ES256", newer)).subject
    with pytest.raises(Unauthenticated):
        Verifier(Issuer(url=URL, audience=AUDIENCE, jwks=jwks(newer))).verify(token())


def test_a_token_that_names_no_key_is_taken_where_there_is_no_choice() -> None:
    nameless = token(header={"kid": None})
    assert Verifier(ISSUER).verify(nameless).subject == "ana"
    newer = ECKey.generate_key("P-256", {"kid": "ec-2"})
    with pytest.raises(Unauthenticated):
        Verifier(Issuer(url=URL, audience=AUDIENCE, jwks=jwks(EC, newer))).verify(nameless)


@pytest.mark.parametrize("position", range(0, 40, 8))
def test_a_changed_token_is_refused(position: int) -> None:
    text = token()
    start = text.index(".") + 1 + position
    other = "A" if text[start] != "A" else "B"
    with pytest.raises(Unauthenticated):
        Verifier(ISSUER).verify(text[:start] + other + text[start + 1 :])


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "x" * 100_000, "é.é.é", "e30.e30.e30", "W10.W10.W10"]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated):
        Verifiers([ISSUER]).verify(text)


@pytest.mark.parametrize(
    "header", [{"alg": ["ES256"]}, {"kid": ["ec"]}, {"kid": {}}, {"crit": ["x"], "x": 1}]
)
def test_a_header_of_odd_values_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        Verifiers([ISSUER]).verify(forged({"alg": "ES256", "kid": "ec", **header}, lambda _: b"x" * 64))


def test_each_issuer_is_checked_by_its_own_keys() -> None:
    theirs = ECKey.generate_key("P-256", {"kid": "ec"})
    other = Issuer(url="https://other.example", audience=AUDIENCE, jwks=jwks(theirs))
    verifiers = Verifiers([ISSUER, other])
    assert verifiers.verify(token("ES256", theirs, iss="https://other.example")).subject == "ana"
    with pytest.raises(Unauthenticated):
        verifiers.verify(token("ES256", theirs))


def test_one_issuer_may_serve_several_audiences() -> None:
    second = Issuer(url=URL, audience="batch", jwks=jwks(EC))
    assert Verifiers([ISSUER, second]).verify(token(aud="batch")).subject == "ana"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("hythe:predict:churn hythe:metrics", {("predict", "churn"), ("metrics", "*")}),
        (["hythe:predict:churn", 7], {("predict", "churn")}),
        ("hythe:fly:churn predict hythe:predict: hythe: :predict:churn", set()),
        (None, set()),
        (7, set()),
    ],
)
def test_scopes_are_words_or_a_list(claim: Any, expected: set[tuple[str, str]]) -> None:
    assert Verifier(ISSUER).verify(token(scope=claim)).grants == expected


@pytest.mark.parametrize("document", [b"", b"[]", b'{"keys": 7}', b'{"keys": [{"kty": "EC", "crv": ["x"]}]}'])
def test_a_document_without_keys_is_said_clearly(document: bytes) -> None:
    with pytest.raises(Corrupt, match=r"the JWKS of https://issuer\.example .*; see 'jwks_from'"):
        Verifier(Issuer(url=URL, audience=AUDIENCE, jwks=document))


@pytest.mark.parametrize(
    "wrong", [{"url": ""}, {"algorithms": ("none",)}, {"algorithms": ()}, {"leeway_s": -1}]
)
def test_an_issuer_checks_itself(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Issuer(**{"url": URL, "audience": AUDIENCE, **wrong})
